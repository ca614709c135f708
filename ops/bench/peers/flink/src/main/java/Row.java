import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** What has changed for a user, at which instant. */
public final class Row {
    private static final ObjectWriter WRITER = new ObjectMapper().writerFor(Row.class);

    public String entity_id;
    public String kind;
    public String rule;
    public String effective_at;

    static Row of(String user, String kind, String rule, long at) {
        var row = new Row();
        row.entity_id = user;
        row.kind = kind;
        row.rule = rule;
        row.effective_at = Instant.ofEpochMilli(at).toString();
        return row;
    }

    byte[] key() {
        return entity_id.getBytes(StandardCharsets.UTF_8);
    }

    byte[] toJson() {
        try {
            return WRITER.writeValueAsBytes(this);
        } catch (JsonProcessingException error) {
            throw new UncheckedIOException(error);
        }
    }
}
