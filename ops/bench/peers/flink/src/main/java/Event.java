import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;

/** What the job reads of an event; when it happened is the record's timestamp. */
@JsonIgnoreProperties(ignoreUnknown = true)
public final class Event {
    public String type;

    @JsonProperty("user_id")
    public String user;
}
