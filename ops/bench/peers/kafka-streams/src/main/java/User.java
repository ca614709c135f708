import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What is known of one user. Instants in ms; NEVER where something has not happened. */
final class User {
    static final long NEVER = -1;
    static final Serde<User> SERDE = Serdes.serdeFrom((topic, user) -> user.toBytes(), (topic, bytes) -> of(bytes));

    long signedUp = NEVER;
    long seen = NEVER;
    long paid = NEVER;
    long[] reports = {}; // until activated: those of the last week
    boolean activated;
    boolean idle;
    boolean latePayer;

    private byte[] toBytes() {
        var out = ByteBuffer.allocate(25 + 8 * reports.length);
        out.putLong(signedUp).putLong(seen).putLong(paid);
        out.put((byte) ((activated ? 1 : 0) | (idle ? 2 : 0) | (latePayer ? 4 : 0)));
        Arrays.stream(reports).forEach(out::putLong);
        return out.array();
    }

    private static User of(byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        var in = ByteBuffer.wrap(bytes);
        var user = new User();
        user.signedUp = in.getLong();
        user.seen = in.getLong();
        user.paid = in.getLong();
        var flags = in.get();
        user.activated = (flags & 1) != 0;
        user.idle = (flags & 2) != 0;
        user.latePayer = (flags & 4) != 0;
        user.reports = new long[in.remaining() / 8];
        in.asLongBuffer().get(user.reports);
        return user;
    }
}
