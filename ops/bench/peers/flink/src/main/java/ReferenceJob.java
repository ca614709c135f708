import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The reference job on Flink: one process with a slot per core, state on the heap, checkpoints and sink exactly-once.
 *
 * <p>Arguments: bootstrap servers, group, input topic, output topic. Checkpoints land in the working directory.
 */
public final class ReferenceJob {
    private static final long CHECKPOINT_MS = 1_000;

    public static void main(String[] args) throws Exception {
        var env = StreamExecutionEnvironment.createLocalEnvironment(Runtime.getRuntime().availableProcessors(), config());
        env.enableCheckpointing(CHECKPOINT_MS, CheckpointingMode.EXACTLY_ONCE);
        env.getConfig().enableObjectReuse();
        env.fromSource(source(args[0], args[1], args[2]), WatermarkStrategy.forMonotonousTimestamps(), "events")
            .keyBy(event -> event.user)
            .process(new Journey())
            .sinkTo(sink(args[0], args[1], args[3]));
        env.execute();
    }

    private static Configuration config() {
        var config = new Configuration();
        config.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        config.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        config.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, Path.of("checkpoints").toUri().toString());
        return config;
    }

    private static KafkaSource<Event> source(String bootstrap, String group, String topic) {
        return KafkaSource.<Event>builder()
            .setBootstrapServers(bootstrap)
            .setGroupId(group)
            .setTopics(topic)
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setValueOnlyDeserializer(new EventReader())
            .build();
    }

    private static KafkaSink<Row> sink(String bootstrap, String prefix, String topic) {
        return KafkaSink.<Row>builder()
            .setBootstrapServers(bootstrap)
            .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
            .setTransactionalIdPrefix(prefix)
            .setProperty("transaction.timeout.ms", "600000") // the default is more than brokers allow
            .setRecordSerializer((row, context, at) -> new ProducerRecord<>(topic, row.key(), row.toJson()))
            .build();
    }

    private static final class EventReader extends AbstractDeserializationSchema<Event> {
        private static final ObjectReader READER = new ObjectMapper().readerFor(Event.class);

        @Override
        public Event deserialize(byte[] bytes) throws IOException {
            return READER.readValue(bytes);
        }
    }
}
