import java.time.Duration;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.TimerService;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * The journey of `reference.yaml`, one user at a time; what an event changes, and what time alone does.
 *
 * <p>Deadlines are event-time timers. The watermark is that of the slowest partition, so a user's event may come before
 * the timers that are earlier: what is due is made up for at the event. A user who is not idle has one timer of that
 * rule: when it comes too early, because the user has been seen since, it moves on.
 */
final class Journey extends KeyedProcessFunction<String, Event, Row> {
    private static final long DAY = Duration.ofDays(1).toMillis();

    private transient ValueState<User> users;

    @Override
    public void open(OpenContext context) {
        users = getRuntimeContext().getState(new ValueStateDescriptor<>("user", User.class));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Row> out) throws Exception {
        var id = context.getCurrentKey();
        var at = context.timestamp();
        var timers = context.timerService();
        var user = users.value();
        if (user == null) {
            user = new User();
            watch(user, at + 7 * DAY, timers);
        }
        catchUp(id, user, at, timers, out);
        user.seen = at;
        switch (event.type) {
            case "signed_up" -> signUp(id, user, at, timers, out);
            case "report_created" -> report(id, user, at, out);
            case "invoice_paid" -> pay(id, user, at, out);
            default -> { }
        }
        users.update(user);
    }

    @Override
    public void onTimer(long at, OnTimerContext context, Collector<Row> out) throws Exception {
        var id = context.getCurrentKey();
        var user = users.value();
        if (user.signedUp != User.NEVER && user.signedUp + 14 * DAY == at) {
            timesUp(id, user, at, out);
        }
        if (user.idleTimer == at) {
            if (user.seen + 7 * DAY > at) {
                watch(user, user.seen + 7 * DAY, context.timerService());
            } else {
                user.idle = true;
                user.idleTimer = User.NEVER;
                out.collect(Row.of(id, "dropped_off", "idle", at));
            }
        }
        users.update(user);
    }

    private void catchUp(String id, User user, long at, TimerService timers, Collector<Row> out) {
        if (user.signedUp != User.NEVER && user.signedUp + 14 * DAY < at) {
            timesUp(id, user, user.signedUp + 14 * DAY, out);
        }
        if (user.seen != User.NEVER && !user.idle && user.seen + 7 * DAY <= at) {
            out.collect(Row.of(id, "dropped_off", "idle", user.seen + 7 * DAY));
            out.collect(Row.of(id, "recovered", "idle", at));
        } else if (user.idle) {
            user.idle = false;
            out.collect(Row.of(id, "recovered", "idle", at));
            watch(user, at + 7 * DAY, timers);
        }
    }

    private void signUp(String id, User user, long at, TimerService timers, Collector<Row> out) {
        if (user.signedUp == User.NEVER) {
            user.signedUp = at;
            out.collect(Row.of(id, "achieved", "hello", at));
            timers.registerEventTimeTimer(at + 14 * DAY);
        }
    }

    private void report(String id, User user, long at, Collector<Row> out) {
        if (!user.activated) {
            var week = LongStream.concat(Arrays.stream(user.reports).filter(x -> x > at - 7 * DAY), LongStream.of(at));
            user.reports = week.toArray();
            if (user.reports.length >= 3) {
                user.activated = true;
                user.reports = new long[0];
                out.collect(Row.of(id, "achieved", "activated", at));
            }
        }
    }

    private void pay(String id, User user, long at, Collector<Row> out) {
        if (user.paid == User.NEVER) {
            user.paid = at;
            out.collect(Row.of(id, "achieved", "just_got_paid", at));
            if (user.latePayer) {
                out.collect(Row.of(id, "recovered", "times_up", at));
            }
        }
    }

    /** A payment at the very deadline does not prevent, it recovers. */
    private void timesUp(String id, User user, long due, Collector<Row> out) {
        if (!user.latePayer && (user.paid == User.NEVER || user.paid == due)) {
            user.latePayer = true;
            out.collect(Row.of(id, "dropped_off", "times_up", due));
            if (user.paid == due) {
                out.collect(Row.of(id, "recovered", "times_up", due));
            }
        }
    }

    private static void watch(User user, long due, TimerService timers) {
        user.idleTimer = due;
        timers.registerEventTimeTimer(due);
    }
}
