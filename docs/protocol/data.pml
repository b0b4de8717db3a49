/* The data plane: what members do with the sessions they hold, while views come and go.
 *
 * Three members and one session, which stands for a segment. Views are decided one after the other
 * by a planner that is everywhere at once; view.pml checks that the members can really decide them
 * so, and that a lease means what is assumed here. Each member installs views when it likes, skips
 * some, or never hears of them. Writes travel by messages that arrive late, in any order, often, or
 * never. A crash loses a member's memory. A member that is alive may be excluded at any time.
 *
 * What is checked, by assertions:
 *   P1  reads and writes are linearizable; what was acknowledged is not lost; absent is said of
 *       nothing that is there
 *   P2  a session that was seen as deleted is never seen again
 *   P3  at no instant do two members serve
 *   P4  a loss is declared only when no member of the new view holds the segment; a member that
 *       leaves in order never causes one
 *   P5  what was there before a declared loss is never seen again
 *
 * Rules D1 to D17 are those of src/base/rules.h and are left out by -DWITHOUT_<RULE>; rules E1 to
 * E4 say how owners change, and are left out in the same way.
 *
 * Parameters: COPIES, EPOCHS (the last one explored, at most 6), CRASHES, WRITES; LEAVE lets members
 * leave in order, RECOVERY lets the survivors of a lost majority go on.
 */

#define MEMBERS 3
#define NOBODY MEMBERS
#ifndef COPIES
#define COPIES 2
#endif
#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef WRITES
#define WRITES 2
#endif

/* Sets of members are bit masks. */
#define ONLY(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define SIZE(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2))
#define WITHIN(set, other) (((set) & ~(other)) == 0)

/* An entry is one byte: the version, which is epoch (3 bits) and sequence (2 bits), and what the
   write left (2 bits). 0 means that there is no entry. */
#define CREATED 1
#define UPDATED 2
#define DELETED 3
#define ENTRY(epoch, sequence, what) (((epoch) << 4) | ((sequence) << 2) | (what))
#define EPOCH(entry) ((entry) >> 4)
#define SEQUENCE(entry) (((entry) >> 2) & 3)
#define WHAT(entry) ((entry) & 3)
#define IS_LIVE(entry) (WHAT(entry) == CREATED || WHAT(entry) == UPDATED)
#define SEQUENCES 3

/* D15 Versions compare by epoch first. */
#ifdef WITHOUT_VERSIONS_BEGIN_WITH_EPOCH
#define VERSION(entry) SEQUENCE(entry)
#else
#define VERSION(entry) ((entry) >> 2)
#endif

/* ---- The decided views, by epoch ---- */

byte last;                 /* the newest */
byte first;                /* the oldest that can still be installed; RECOVERY raises it */
byte members[EPOCHS + 1];
byte leaving[EPOCHS + 1];
byte base[EPOCHS + 1];     /* who holds the full state */
byte ideal[EPOCHS + 1];    /* who should: the first COPIES members; those that leave come last */
byte primary[EPOCHS + 1];  /* of the base the first; those that leave come last */
byte losses;               /* the epochs in which the loss of all copies was declared */
byte last_loss;            /* the newest of them */

#define WRITERS(e) (base[e] | ideal[e])

/* ---- The members ---- */

bit up[MEMBERS];
byte joined[MEMBERS];     /* the first epoch of this incarnation; 0: no view has it */
byte installed[MEMBERS];  /* an epoch; 0: none */
bit lease[MEMBERS];       /* the right to act under the installed view */
bit acting[MEMBERS];      /* as the primary of the installed view */
bit resumes[MEMBERS];     /* was the active primary of the view before, and still is the primary */
bit in_step[MEMBERS];     /* has pulled the primary's state under the installed view */
bit offered[MEMBERS];     /* the primary's answer to the pull is under way ... */
byte snapshot[MEMBERS];   /* ... and says this */
byte entry[MEMBERS];      /* the session; a backup applies writes before they are committed */
byte committed[MEMBERS];  /* the newest committed version this member knows of in this epoch */
byte pending[MEMBERS];    /* at the primary: the write that waits for its acknowledgements ... */
byte acks[MEMBERS];       /* ... and who gave one */

/* Each write that was ever sent, by epoch and sequence: what it leaves. */
byte sent[(EPOCHS + 1) * 4];
#define SENT(e, sequence) sent[(e) * 4 + (sequence)]

/* ---- The client, who sees everything that was answered ---- */

byte seen;       /* the newest entry that it was shown or that it knows to be written */
bit created;     /* ids are used once */
bit gone;        /* it was told that the session is deleted */
byte begun;      /* the newest delete that was begun; without an answer it may still happen */
byte crashes, writes;

/* For the steps below; 0 between them. */
byte m, n, e, i, k, new_members, new_leaving, new_base, dropped, write;

#define IS_PRIMARY(n) (primary[installed[n]] == n)
#define IS_MEMBER(n, e) (joined[n] != 0 && joined[n] <= (e) && HAS(members[e], n))
#define IS_FRESH(n) (up[n] && joined[n] == 0)

/* D1 A member answers only under a lease. */
#ifdef WITHOUT_LEASE
#define HOLDS_LEASE(n) (1)
#else
#define HOLDS_LEASE(n) (lease[n])
#endif
#define SERVES(n) (up[n] && installed[n] != 0 && IS_PRIMARY(n) && acting[n] && HOLDS_LEASE(n))

/* D2 A member is dropped when it holds no lease any more. One that is nobody's primary never asks
   for one, so it can go as soon as it has installed the view. */
#ifdef WITHOUT_EXCLUSION_WAITS
#define MAY_BE_DROPPED(n) (1)
#else
#define MAY_BE_DROPPED(n) (!lease[n])
#endif

/* D3 A quorum grants leases only under the view that it has installed itself, which is the newest
   (view.pml, A2). */
#ifdef WITHOUT_GRANTS_OF_THIS_EPOCH
#define QUORUM_GRANTS(n) (1)
#else
#define QUORUM_GRANTS(n) (installed[n] == last)
#endif

/* D4 A new primary waits until all members of the view have installed it. */
#define CONFIRMED_BY(m, e) \
  (!HAS(members[e], m) || (up[m] && joined[m] != 0 && joined[m] <= (e) && installed[m] == (e)))
#ifdef WITHOUT_CONFIRMATION
#define CONFIRMED(e) (1)
#else
#define CONFIRMED(e) (CONFIRMED_BY(0, e) && CONFIRMED_BY(1, e) && CONFIRMED_BY(2, e))
#endif

/* D14 A new primary makes the other holders equal to itself before it is active. */
#define FOLLOWS(m, n) (m == n || !HAS(base[installed[n]], m) || (in_step[m] && installed[m] == installed[n]))
#ifdef WITHOUT_SYNCHRONIZATION
#define SYNCHRONIZED(n) (1)
#else
#define SYNCHRONIZED(n) (FOLLOWS(0, n) && FOLLOWS(1, n) && FOLLOWS(2, n))
#endif

/* D6 The lease is checked after the last acknowledgement. */
#ifdef WITHOUT_LEASE_AFTER_ACKS
#define HOLDS_LEASE_AFTER_ACKS(n) (1)
#else
#define HOLDS_LEASE_AFTER_ACKS(n) HOLDS_LEASE(n)
#endif

/* D7 A write is committed when all writers have acknowledged it. */
#ifdef WITHOUT_ALL_WRITERS
#define ENOUGH_ACKS(n) (1)
#else
#define ENOUGH_ACKS(n) WITHIN(WRITERS(installed[n]), acks[n] | ONLY(n))
#endif

/* D11 A learner keeps its tombstones: an older snapshot may be under way to it. */
#ifdef WITHOUT_LEARNERS_KEEP_TOMBSTONES
#define MAY_DROP_TOMBSTONES(m) (1)
#else
#define MAY_DROP_TOMBSTONES(m) HAS(base[installed[m]], m)
#endif

/* D12 What is at or below the committed point is a repeat. */
#ifdef WITHOUT_WATERMARK
#define IS_REPEAT(write, m) (0)
#else
#define IS_REPEAT(write, m) (VERSION(write) <= VERSION(committed[m]))
#endif

/* D8 Owners change when all that learn are complete. */
#define COMPLETE(m) \
  (!HAS(ideal[last], m) || HAS(base[last], m) || (installed[m] == last && in_step[m]))
#ifdef WITHOUT_COMPLETE_LEARNERS
#define ALL_COMPLETE (1)
#else
#define ALL_COMPLETE (COMPLETE(0) && COMPLETE(1) && COMPLETE(2))
#endif

/* E1 Who is dropped by the next view counts neither as one of its owners nor as a holder in whose
   favour another member may go: else the new base might be empty while a holder lives. */
#ifdef WITHOUT_LIVING_OWNERS
#define OUT 0
#else
#define OUT dropped
#endif
#define OWNERS_LIVE ((ideal[last] & OUT) == 0)

/* E2 A member that leaves goes when those that stay hold as many copies as they can. */
#define STAYING (members[last] & ~leaving[last] & ~OUT)
#define STAYING_HOLDERS (base[last] & ~leaving[last] & ~OUT)
#ifdef WITHOUT_LEAVERS_WAIT
#define MAY_GO(n) (1)
#else
#define MAY_GO(n) \
  (!HAS(base[last], n) || \
   (STAYING_HOLDERS != 0 && \
    (SIZE(STAYING_HOLDERS) >= COPIES || SIZE(STAYING_HOLDERS) == SIZE(STAYING))))
#endif
#define GOES_IN_ORDER(n) (n != NOBODY && HAS(leaving[last], n) && HAS(base[last], n) && MAY_GO(n))

inline pick(member) {
  if :: member = 0 :: member = 1 :: member = 2 fi
}

inline forget(member) {
  entry[member] = 0; committed[member] = 0; pending[member] = 0; acks[member] = 0;
  acting[member] = 0; resumes[member] = 0; in_step[member] = 0; offered[member] = 0;
  snapshot[member] = 0; lease[member] = 0
}

/* Works out who should hold the segment in a view whose members are known. */
inline find_ideal(epoch) {
  ideal[epoch] = 0; i = 0;
  do
  :: i < 2 * MEMBERS ->
     k = i % MEMBERS;
     if
     :: HAS(members[epoch], k) && HAS(leaving[epoch], k) == i / MEMBERS &&
        SIZE(ideal[epoch]) < COPIES -> ideal[epoch] = ideal[epoch] | ONLY(k)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0; k = 0
}

inline find_primary(epoch) {
  i = 2 * MEMBERS;
  do
  :: i > 0 ->
     i--; k = i % MEMBERS;
     if
     :: HAS(base[epoch], k) && HAS(leaving[epoch], k) == i / MEMBERS -> primary[epoch] = k
     :: else
     fi
  :: else -> break
  od;
  i = 0; k = 0
}

/* The next view is as the new_... say. */
inline decide() {
  last++;
  members[last] = new_members; leaving[last] = new_leaving; base[last] = new_base;
  find_ideal(last);
  if
  :: base[last] == 0 ->  /* all copies are lost: the segment begins anew, empty */
     base[last] = ideal[last]; losses = losses | (1 << last); last_loss = last; seen = 0
  :: else
  fi;
  find_primary(last)
}

/* What no member can ever ask for again is forgotten, so that states that differ in nothing else are
   one. */
inline tidy() {
  k = last; i = 0;
  do
  :: i < MEMBERS ->
     if
     :: joined[i] != 0 && installed[i] == 0 && joined[i] < k -> k = joined[i]
     :: installed[i] != 0 && installed[i] < k -> k = installed[i]
     :: else
     fi;
     i++
  :: else -> break
  od;
  do
  :: k > 1 ->
     k--;
     members[k] = 0; leaving[k] = 0; base[k] = 0; ideal[k] = 0; primary[k] = 0;
#ifndef WITHOUT_EPOCH_FENCE
     SENT(k, 1) = 0; SENT(k, 2) = 0; SENT(k, 3) = 0;
#endif
     losses = losses & ~(1 << k)
  :: else -> break
  od;
  i = 0; k = 0
}

/* E3 A primary that goes on, but without some members that held the segment and still live, waits
   for the confirmation of all: otherwise those might believe, after the others' crash, that they
   still hold everything. */
#define LEFT_BEHIND(e) (base[(e) - 1] & members[e] & ~base[e])
#ifdef WITHOUT_SHRUNK_BASE_WAITS
#define MAY_GO_ON_AT_ONCE(e) (1)
#else
#define MAY_GO_ON_AT_ONCE(e) (LEFT_BEHIND(e) == 0)
#endif

/* E4 What a member has is kept for later comparison, unless it is no writer, or was excluded, or the
   segment's loss was declared since. D5 An excluded member forgets everything. */
#define LOST_BETWEEN(e, later) (((losses >> ((e) + 1)) & ((1 << ((later) - (e))) - 1)) != 0)

inline install(member, epoch) {
  if
  :: !IS_MEMBER(member, epoch) ->
#ifdef WITHOUT_FORGETTING
     k = entry[member]; forget(member); entry[member] = k; k = 0;
#else
     forget(member);
#endif
     installed[member] = 0; joined[member] = 0
  :: else ->
     if
     :: acting[member] && primary[epoch] == member && installed[member] + 1 == epoch &&
        first <= installed[member] ->
        /* The primary goes on, and sends its pending write again under this epoch. */
        if
        :: MAY_GO_ON_AT_ONCE(epoch) -> skip
        :: else -> acting[member] = 0; resumes[member] = 1
        fi;
        acks[member] = 0;
        if
        :: pending[member] != 0 ->
           pending[member] = ENTRY(epoch, 1, WHAT(pending[member]));
           SENT(epoch, 1) = WHAT(pending[member]);
           if :: WHAT(pending[member]) == DELETED -> begun = pending[member] :: else fi
        :: else
        fi
     :: else ->  /* a write under way has an outcome that its client is not told */
        acting[member] = 0; resumes[member] = 0; pending[member] = 0; acks[member] = 0;
        committed[member] = 0
     fi;
#ifndef WITHOUT_FORGETTING
     if
     :: !HAS(WRITERS(epoch), member) || LOST_BETWEEN(installed[member], epoch) ->
        entry[member] = 0; committed[member] = 0
     :: else
     fi;
#endif
     in_step[member] = 0; offered[member] = 0; snapshot[member] = 0; lease[member] = 0;
     installed[member] = epoch
  fi;
  tidy()
}

inline commit(member) {
  assert(VERSION(pending[member]) > VERSION(seen)
#ifdef WITHOUT_COMMITTED_READS
         || pending[member] == seen
#endif
        );                                                                           /* P1 */
  assert(EPOCH(pending[member]) >= last_loss || !(
         (up[0] && acting[0] && installed[0] >= last_loss) ||
         (up[1] && acting[1] && installed[1] >= last_loss) ||
         (up[2] && acting[2] && installed[2] >= last_loss)));                        /* P5 */
  assert(!gone || WHAT(pending[member]) == DELETED);                                 /* P2 */
  seen = pending[member];
  if :: WHAT(seen) == DELETED -> gone = 1 :: else fi;
  committed[member] = pending[member] & ~3;
  /* Others need the tombstone, the primary does not. */
  entry[member] = (WHAT(seen) == DELETED -> 0 : pending[member]);
  pending[member] = 0; acks[member] = 0
}

inline tell(answer) {
  assert(!(gone && IS_LIVE(answer)));                                                /* P2 */
  assert(answer == 0 || EPOCH(answer) >= last_loss);                                 /* P5 */
  if
  :: VERSION(answer) >= VERSION(seen) ->
     seen = answer;
     if :: WHAT(answer) == DELETED -> gone = 1 :: else fi
  :: else ->
     assert(answer == 0 && (gone || VERSION(begun) > VERSION(seen)));                /* P1 */
     gone = 1
  fi
}

active proctype world() {
  /* The first view: three members, or two with the third about to join. */
  if :: new_members = 7 :: new_members = 6 :: new_members = 5 fi;
  d_step {
    up[0] = 1; up[1] = 1; up[2] = 1; first = 1;
    last = 1; members[1] = new_members;
    find_ideal(1); base[1] = ideal[1]; find_primary(1);
    n = 0;
    do
    :: n < MEMBERS ->
       if :: HAS(new_members, n) -> joined[n] = 1; installed[n] = 1 :: else fi;
       n++
    :: else -> break
    od;
    acting[primary[1]] = 1; new_members = 0; n = 0
  };

end:
  do
  /* -------- The planner: the next view -------- */

  /* One view may drop a member, change the owners, and admit a member or mark one as leaving. */
  :: last < EPOCHS -> atomic {
       new_members = members[last]; new_leaving = leaving[last]; new_base = base[last];
       if :: n = 0 :: n = 1 :: n = 2 :: n = NOBODY fi;
       if
       :: n != NOBODY && HAS(members[last], n) && members[last] != ONLY(n) && MAY_BE_DROPPED(n) ->
          dropped = ONLY(n)
       :: else
       fi;
       if
       :: base[last] != ideal[last] && ALL_COMPLETE && OWNERS_LIVE -> new_base = ideal[last]
       :: skip
       fi;
       d_step {
         new_members = new_members & ~dropped;
         new_leaving = new_leaving & ~dropped;
         new_base = new_base & ~dropped
       };
       if :: m = 0 :: m = 1 :: m = 2 :: m = NOBODY fi;
       if
       :: m != NOBODY && IS_FRESH(m) && (new_members & ~ONLY(m)) != 0 -> d_step {
            /* A new process of a name takes the place of the one before it. */
            if :: HAS(new_members, m) -> dropped = dropped | ONLY(m) :: else fi;
            new_members = new_members | ONLY(m);
            new_leaving = new_leaving & ~ONLY(m);
            new_base = new_base & ~ONLY(m);
            joined[m] = last + 1
          }
#ifdef LEAVE
       :: m != NOBODY && HAS(new_members, m) && joined[m] <= last && !HAS(new_leaving, m) ->
          new_leaving = new_leaving | ONLY(m)
#endif
       :: else
       fi;
       d_step {
         if
         :: new_members != members[last] || new_leaving != leaving[last] ||
            new_base != base[last] || dropped != 0 ->
            assert(new_base != 0 || WITHIN(base[last], dropped));                    /* P4 */
            assert(new_base != 0 || !GOES_IN_ORDER(n));                              /* P4 */
            decide()
         :: else
         fi;
         new_members = 0; new_leaving = 0; new_base = 0; dropped = 0; m = 0; n = 0
       }
     }

#ifdef RECOVERY
  /* Half of the members or more are dead, and no view can be decided any more. Those that are
     left, all of which know that no view has dropped them, agree to go on under the newest layout
     that one of them has installed. */
  :: last < EPOCHS -> atomic {
       d_step {
         new_members = 0; e = 0; n = 0;
         do
         :: n < MEMBERS ->
            if
            :: up[n] && IS_MEMBER(n, last) && installed[n] != 0 && !lease[n] ->
               new_members = new_members | ONLY(n);
               if :: installed[n] > e -> e = installed[n] :: else fi
            :: up[n] && IS_MEMBER(n, last) && (installed[n] == 0 || lease[n]) ->
               new_members = 8 + new_members  /* not yet */
            :: else
            fi;
            n++
         :: else -> break
         od;
         n = 0;
         if
         :: new_members != 0 && new_members < 8 &&
            2 * SIZE(new_members) <= SIZE(members[last]) ->
            new_base = base[e] & new_members;
            first = last + 1;
            decide()
         :: else
         fi;
         new_members = 0; new_base = 0; e = 0
       }
     }
#endif

  /* -------- Views are installed; leases come and go; processes die -------- */

  :: atomic {
       pick(n);
       if
       :: up[n] && joined[n] != 0 && installed[n] < last ->
          if :: e = last :: e = last - 1 :: last > 2 -> e = last - 2 fi;
          if
          :: e > installed[n] && e >= joined[n] && e >= first -> d_step { install(n, e) }
          :: else
          fi
       :: else
       fi;
       e = 0; n = 0
     }

  /* Only a primary asks for a lease. */
  :: atomic {
       pick(n);
       if
       :: up[n] && installed[n] != 0 && !lease[n] && IS_PRIMARY(n) && QUORUM_GRANTS(n) ->
          lease[n] = 1
       :: else
       fi;
       n = 0
     }
  :: atomic { pick(n); if :: lease[n] -> lease[n] = 0 :: else fi; n = 0 }

  :: crashes < CRASHES -> atomic {
       pick(n);
       if
       :: up[n] -> d_step {
            crashes++; up[n] = 0; forget(n);
#ifndef WITHOUT_NEW_INCARNATION
            /* D9 A restarted process is a new incarnation, which no view knows yet. */
            installed[n] = 0; joined[n] = 0;
            tidy()
#endif
          }
       :: else
       fi;
       n = 0
     }
  :: atomic { pick(n); if :: !up[n] -> up[n] = 1 :: else fi; n = 0 }

  /* -------- Getting into step with the primary -------- */

  /* Writers pull: learners always, other holders if the primary is new. The primary's answer has no
     tombstones: what is deleted is left out. */
  :: atomic {
       pick(m);
       n = primary[installed[m]];
       if
       :: up[m] && installed[m] != 0 && n != m && up[n] && installed[n] == installed[m] &&
          !in_step[m] && !offered[m] && HAS(WRITERS(installed[m]), m) &&
          (!HAS(base[installed[m]], m) || (!acting[n] && !resumes[n])) -> d_step {
            offered[m] = 1;
            snapshot[m] = (IS_LIVE(entry[n]) -> entry[n] : 0)
          }
       :: else
       fi;
       m = 0; n = 0
     }
  :: atomic {
       pick(m);
       if
       :: offered[m] -> d_step {
            if
#ifdef WITHOUT_SNAPSHOT_NEVER_OVERWRITES
            :: 1 -> entry[m] = snapshot[m]
#else
            /* D10 A snapshot never overwrites what is newer, of this epoch ... */
            :: EPOCH(entry[m]) == installed[m] ->
               if :: VERSION(snapshot[m]) > VERSION(entry[m]) -> entry[m] = snapshot[m] :: else fi
#ifdef WITHOUT_OLDER_COUNTS_NOTHING
            :: else ->
               if :: VERSION(snapshot[m]) > VERSION(entry[m]) -> entry[m] = snapshot[m] :: else fi
#else
            /* E4 ... but what is left from earlier epochs counts for nothing against it. */
            :: else -> entry[m] = snapshot[m]
#endif
#endif
            fi;
            snapshot[m] = 0; offered[m] = 0; in_step[m] = 1
          }
       :: else
       fi;
       m = 0
     }
  /* From here on the primary serves, and what it holds is committed. */
  :: atomic {
       pick(n);
       if
       :: up[n] && installed[n] != 0 && IS_PRIMARY(n) && !acting[n] && CONFIRMED(installed[n]) &&
          (resumes[n] || SYNCHRONIZED(n)) -> d_step {
            acting[n] = 1; resumes[n] = 0;
            if :: WHAT(entry[n]) == DELETED -> entry[n] = 0 :: else fi
          }
       :: else
       fi;
       n = 0
     }

  /* -------- Writes -------- */

  :: writes < WRITES -> atomic {
       pick(n);
       if
       :: SERVES(n) && pending[n] == 0 ->
#ifdef WITHOUT_VERSIONS_BEGIN_WITH_EPOCH
          i = SEQUENCE(committed[n]) + 1;
#else
          i = (EPOCH(committed[n]) == installed[n] -> SEQUENCE(committed[n]) + 1 : 1);
#endif
          if
          :: !created && entry[n] == 0 -> write = CREATED; created = 1
          :: IS_LIVE(entry[n]) -> write = UPDATED
          /* D16 A delete leaves a tombstone also for what is absent. */
          :: created && !gone -> write = DELETED
          :: else -> skip
          fi;
          if
          :: write != 0 && i <= SEQUENCES -> d_step {
               writes++; acks[n] = 0;
               pending[n] = ENTRY(installed[n], i, write);
               SENT(installed[n], i) = write;
               if :: write == DELETED -> begun = pending[n] :: else fi
             }
          :: else
          fi
       :: else
       fi;
       n = 0; i = 0; write = 0
     }

  /* A write reaches a writer. It is applied over what is older, and acknowledged. */
  :: atomic {
       pick(m);
       if
       :: up[m] && installed[m] != 0 ->
#ifdef WITHOUT_EPOCH_FENCE
          if :: e = installed[m] :: installed[m] > 1 -> e = installed[m] - 1 fi;
#else
          /* D13 Replicas refuse the writes of other epochs. */
          e = installed[m];
#endif
          if :: i = 1 :: i = 2 :: i = 3 fi;
          if
          :: HAS(WRITERS(e), m) && primary[e] != m && SENT(e, i) != 0 -> d_step {
               write = ENTRY(e, i, SENT(e, i));
               if
               :: VERSION(write) > VERSION(entry[m]) && !IS_REPEAT(write, m) -> entry[m] = write
               :: else
               fi;
               n = primary[e];
               if
               :: pending[n] == write && installed[n] == e -> acks[n] = acks[n] | ONLY(m)
               :: else
               fi
             }
          :: else
          fi
       :: else
       fi;
       m = 0; n = 0; e = 0; i = 0; write = 0
     }

  :: atomic {
       pick(n);
       if
       :: up[n] && installed[n] != 0 && acting[n] && pending[n] != 0 && ENOUGH_ACKS(n) &&
          HOLDS_LEASE_AFTER_ACKS(n) -> d_step { commit(n) }
       :: else
       fi;
       n = 0
     }

  /* A backup hears the committed point of its primary, which has passed its tombstone, and drops
     it. */
  :: atomic {
       pick(m);
       n = primary[installed[m]];
       if
       :: up[m] && installed[m] != 0 && n != m && up[n] && installed[n] == installed[m] &&
          (acting[n] || resumes[n]) && WHAT(entry[m]) == DELETED && MAY_DROP_TOMBSTONES(m) &&
          VERSION(entry[m]) <= VERSION(committed[n]) -> d_step {
            entry[m] = 0; committed[m] = committed[n]
          }
       :: else
       fi;
       m = 0; n = 0
     }

  /* -------- Answers -------- */

  :: atomic {
       pick(n);
       if
       :: SERVES(n) -> d_step {
            i = entry[n];
            tell(i);
            i = 0
          }
       :: else
       fi;
       n = 0
     }
#ifdef WITHOUT_COMMITTED_READS
  /* D17 Readers see a write when it is committed. */
  :: atomic {
       pick(n);
       if
       :: SERVES(n) && pending[n] != 0 && VERSION(pending[n]) > VERSION(seen) -> d_step {
            i = pending[n];
            tell(i);
            i = 0
          }
       :: else
       fi;
       n = 0
     }
#endif
#ifdef WITHOUT_TOMBSTONE_FOR_ABSENT
  /* Without D16 there is nothing to wait for: who deletes what is absent is answered at once. */
  :: atomic {
       pick(n);
       if :: SERVES(n) && created && entry[n] == 0 -> gone = 1 :: else fi;
       n = 0
     }
#endif

  :: d_step { assert(SERVES(0) + SERVES(1) + SERVES(2) <= 1) }                       /* P3 */
  od
}
