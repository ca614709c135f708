import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The journey of `reference.yaml`, one user at a time; what an event changes, and what time alone does.
 *
 * <p>Timers are a store ordered by (deadline, rule, user), scanned every tenth of a second up to where stream time is by
 * then. (Punctuation by stream time, a millisecond fine, makes Kafka Streams take records one by one, and is slower.) A
 * user who is not idle has one timer of that rule: when it comes too early, because the user has been seen since, it
 * moves on.
 */
final class Journey implements Processor<String, ReferenceJob.Event, String, ReferenceJob.Row> {
    private static final long DAY = Duration.ofDays(1).toMillis();
    private static final Duration EVERY = Duration.ofMillis(100);
    private static final byte IDLE = 0;
    private static final byte TIMES_UP = 1;
    private static final byte[] NOTHING = {};

    private ProcessorContext<String, ReferenceJob.Row> context;
    private KeyValueStore<String, User> users;
    private KeyValueStore<Bytes, byte[]> timers;
    private long fired = -1; // up to when all timers have: a scan begins behind what earlier ones have deleted

    @Override
    public void init(ProcessorContext<String, ReferenceJob.Row> given) {
        context = given;
        users = context.getStateStore("users");
        timers = context.getStateStore("timers");
        context.schedule(EVERY, PunctuationType.WALL_CLOCK_TIME, now -> fire(context.currentStreamTimeMs() - 1));
    }

    @Override
    public void process(Record<String, ReferenceJob.Event> record) {
        var id = record.key();
        var at = record.timestamp();
        var user = users.get(id);
        if (user == null) {
            user = new User();
            arm(IDLE, at + 7 * DAY, id);
        }
        catchUp(id, user, at);
        user.seen = at;
        switch (record.value().type()) {
            case "signed_up" -> signUp(id, user, at);
            case "report_created" -> report(id, user, at);
            case "invoice_paid" -> pay(id, user, at);
            default -> { }
        }
        users.put(id, user);
    }

    /** What is due before this event and whose timers have not fired yet: they do so between batches. */
    private void catchUp(String id, User user, long at) {
        if (user.signedUp != User.NEVER && user.signedUp + 14 * DAY < at) {
            timesUp(id, user, user.signedUp + 14 * DAY);
        }
        if (user.seen != User.NEVER && !user.idle && user.seen + 7 * DAY <= at) {
            emit(id, "dropped_off", "idle", user.seen + 7 * DAY);
            emit(id, "recovered", "idle", at);
        } else if (user.idle) {
            user.idle = false;
            emit(id, "recovered", "idle", at);
            arm(IDLE, at + 7 * DAY, id);
        }
    }

    private void signUp(String id, User user, long at) {
        if (user.signedUp == User.NEVER) {
            user.signedUp = at;
            emit(id, "achieved", "hello", at);
            arm(TIMES_UP, at + 14 * DAY, id);
        }
    }

    private void report(String id, User user, long at) {
        if (!user.activated) {
            var week = LongStream.concat(Arrays.stream(user.reports).filter(x -> x > at - 7 * DAY), LongStream.of(at));
            user.reports = week.toArray();
            if (user.reports.length >= 3) {
                user.activated = true;
                user.reports = new long[0];
                emit(id, "achieved", "activated", at);
            }
        }
    }

    private void pay(String id, User user, long at) {
        if (user.paid == User.NEVER) {
            user.paid = at;
            emit(id, "achieved", "just_got_paid", at);
            if (user.latePayer) {
                emit(id, "recovered", "times_up", at);
            }
        }
    }

    /** A payment at the very deadline does not prevent, it recovers. */
    private void timesUp(String id, User user, long due) {
        if (!user.latePayer && (user.paid == User.NEVER || user.paid == due)) {
            user.latePayer = true;
            emit(id, "dropped_off", "times_up", due);
            if (user.paid == due) {
                emit(id, "recovered", "times_up", due);
            }
        }
    }

    private void fire(long clock) {
        if (clock <= fired) {
            return;
        }
        try (var due = timers.range(key(fired + 1, IDLE, ""), key(clock + 1, IDLE, ""))) {
            while (due.hasNext()) {
                var timer = due.next().key;
                timers.delete(timer);
                var in = ByteBuffer.wrap(timer.get());
                var deadline = in.getLong();
                var rule = in.get();
                var id = StandardCharsets.UTF_8.decode(in).toString();
                var user = users.get(id);
                if (rule == TIMES_UP) {
                    timesUp(id, user, deadline);
                } else if (user.seen + 7 * DAY > clock) {
                    arm(IDLE, user.seen + 7 * DAY, id);
                    continue; // the user is as before
                } else {
                    user.idle = true;
                    emit(id, "dropped_off", "idle", user.seen + 7 * DAY);
                }
                users.put(id, user);
            }
        }
        fired = clock;
    }

    private void arm(byte rule, long due, String id) {
        timers.put(key(due, rule, id), NOTHING);
    }

    private static Bytes key(long due, byte rule, String id) {
        var user = id.getBytes(StandardCharsets.UTF_8);
        return Bytes.wrap(ByteBuffer.allocate(9 + user.length).putLong(due).put(rule).put(user).array());
    }

    private void emit(String id, String kind, String rule, long at) {
        var row = new ReferenceJob.Row(id, kind, rule, Instant.ofEpochMilli(at).toString());
        context.forward(new Record<>(id, row, context.currentStreamTimeMs()));
    }
}
