/** What is known of one user. Instants in ms; NEVER where something has not happened. */
public final class User {
    static final long NEVER = -1;

    public long signedUp = NEVER;
    public long seen = NEVER;
    public long paid = NEVER;
    public long[] reports = {}; // until activated: those of the last week
    public long idleTimer = NEVER; // one is set while the user is not idle
    public boolean activated;
    public boolean idle;
    public boolean latePayer;
}
