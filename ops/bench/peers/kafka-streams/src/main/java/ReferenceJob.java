import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.Stores;

/**
 * The reference job on Kafka Streams: exactly_once_v2, one store of users and one of timers, both with a changelog.
 *
 * <p>Arguments: bootstrap servers, application id, input topic, output topic, memory|rocksdb. States land in the working
 * directory.
 */
public final class ReferenceJob {
    static final ObjectMapper JSON = new ObjectMapper();

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Event(String type, String user_id) {}

    record Row(String entity_id, String kind, String rule, String effective_at) {}

    public static void main(String[] args) {
        var memory = args[4].equals("memory");
        var streams = new KafkaStreams(topology(args[2], args[3], memory), config(args[0], args[1]));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            System.exit(1);
            return null;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    private static Properties config(String bootstrap, String app) {
        var config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, app);
        config.put(StreamsConfig.STATE_DIR_CONFIG, "state");
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Runtime.getRuntime().availableProcessors());
        return config;
    }

    private static Topology topology(String input, String output, boolean memory) {
        var users = Stores.keyValueStoreBuilder(store("users", memory), Serdes.String(), User.SERDE);
        var timers = Stores.keyValueStoreBuilder(store("timers", memory), Serdes.Bytes(), Serdes.ByteArray());
        return new Topology()
            .addSource("events", Serdes.String().deserializer(), json(Event.class).deserializer(), input)
            .addProcessor("journey", Journey::new, "events")
            .addStateStore(users, "journey")
            .addStateStore(timers, "journey")
            .addSink("rows", output, Serdes.String().serializer(), json(Row.class).serializer(), "journey");
    }

    private static KeyValueBytesStoreSupplier store(String name, boolean memory) {
        return memory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
    }

    private static <T> Serde<T> json(Class<T> type) {
        var reader = JSON.readerFor(type);
        var writer = JSON.writerFor(type);
        return Serdes.serdeFrom(
            (topic, value) -> {
                try {
                    return writer.writeValueAsBytes(value);
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            },
            (topic, bytes) -> {
                try {
                    return reader.readValue(bytes);
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            });
    }
}
