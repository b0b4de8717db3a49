/* The control plane: how members decide who is a member next, and who may act meanwhile.
 *
 * Three names, each with a first process and, after a crash, a second one. The view of epoch e + 1 is
 * decided by single-decree Paxos among the members of the view of epoch e. All state is in memory:
 * a crash loses it, and the process that starts anew is another incarnation, which has no vote until
 * a view admits it. Messages arrive late, often or never: what was once promised or accepted stays
 * readable, and everybody reads it when they like.
 *
 * Time is cut into periods by a tick; a lease granted in one period ends with it, for the holder and
 * for who granted it. (Clocks that run apart are the margins between the two, which the program
 * keeps and this model does not have.)
 *
 * What is checked, by assertions:
 *   A1  one view for each epoch
 *   A2  a member that holds a lease under the view it has installed is a member of every later view;
 *       this is what data.pml takes for granted
 *
 * Rules V1 to V7 are those of src/base/rules.h and are left out by -DWITHOUT_<RULE>; F1 and F2 say
 * how a member without duties goes at once, and are left out in the same way.
 *
 * Parameters: EPOCHS (2 to 4), BALLOTS (1 to 3), CRASHES; IDLE lets views name one member that is
 * primary of nothing.
 */

#define NAMES 3
#define NOBODY NAMES
#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef BALLOTS
#define BALLOTS 1
#endif
#ifndef CRASHES
#define CRASHES 0
#endif

/* Sets of names are bit masks. A view is a number: bit n for the first process of name n, bit 4 + n
   for the second, and bits 8 and up for 1 + the name that is primary of nothing, or 0. */
#define ONLY(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define NAMED(n) (ONLY(n) << (4 * second[n]))
#define HOLDS_PLACE(view, n) (((view) & NAMED(n)) != 0)
#define MEMBERS_OF(view) ((view) & 119)
#define IS_IDLE(view, n) (((view) >> 8) == (n) + 1)
#define VOTES(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2))
#define SIZE(view) \
  (HAS(view, 0) + HAS(view, 1) + HAS(view, 2) + HAS(view, 4) + HAS(view, 5) + HAS(view, 6))

/* ---- Decided ---- */

short decided[EPOCHS + 1];
byte oldest[EPOCHS + 1];  /* the name of the member that has been there for longest */
byte last;

/* ---- The members ---- */

bit up[NAMES];
bit second[NAMES];        /* it is the second process of its name */
bit knocks[NAMES];        /* it asks to be admitted */
byte installed[NAMES];    /* an epoch; 0: none */
byte promised[NAMES];     /* as a voter on the next view: the highest ballot */
byte accepted[NAMES];     /* the ballot of the value accepted last; 0: none */
short value[NAMES];       /* that value */
byte granted_by[NAMES];   /* whose grants it holds */
byte granted_to[NAMES];   /* to whom it has given one in this period */
bit calm[NAMES];          /* it has installed a view in this period */
byte crashes;

/* ---- The ballots, by epoch and number ---- */

#define FREE 0
#define DEAD (NAMES + 1)
#define OF(e, b) ((e) - 2) * BALLOTS + (b) - 1
#define BALLOTS_IN_ALL ((EPOCHS - 1) * BALLOTS)
byte proposer[BALLOTS_IN_ALL];        /* 1 + its name, or FREE, or DEAD */
byte promises[BALLOTS_IN_ALL];
byte reported[BALLOTS_IN_ALL];        /* the highest ballot that a promise reports as accepted ... */
short reported_value[BALLOTS_IN_ALL]; /* ... and its value */
short proposal[BALLOTS_IN_ALL];
byte acceptances[BALLOTS_IN_ALL];

/* For the steps below; 0 between them. */
byte n, m, e, b, k;
short v;

#define IS_MEMBER(n) (up[n] && installed[n] != 0 && HOLDS_PLACE(decided[installed[n]], n))
#define VOTES_NOW(n) (IS_MEMBER(n) && installed[n] < EPOCHS)

/* V1 A view is decided, and a lease granted, by a quorum: more than half of the members, or exactly
   half with the oldest among them. */
#ifdef WITHOUT_QUORUM
#define IS_QUORUM(set, e) ((set) != 0)
#else
#define IS_QUORUM(set, e) \
  (2 * VOTES(set) > SIZE(decided[e]) || \
   (2 * VOTES(set) == SIZE(decided[e]) && HAS(set, oldest[e])))
#endif
#define HOLDS_LEASE(n) (IS_MEMBER(n) && IS_QUORUM(granted_by[n], installed[n]))

/* V2 A member drops another only when its own grant to it has run out (L2). */
#ifdef WITHOUT_EXCLUSION_WAITS
#define RAN_OUT(m, n) (1)
#else
#define RAN_OUT(m, n) (!HAS(granted_to[m], n))
#endif

/* V3 Who has just installed a view drops nobody for one period (L3): there may be leases from before
   of which it knows nothing. */
#ifdef WITHOUT_CALM_AFTER_INSTALL
#define IS_CALM(m) (0)
#else
#define IS_CALM(m) (calm[m])
#endif

/* F1 Who is primary of nothing under a view is dropped without waiting, once it has confirmed that
   it installed that view: with it ended all leases of the views before. */
#ifdef WITHOUT_IDLE_CONFIRMATION
#define CONFIRMED_TO(m, n) (1)
#else
#define CONFIRMED_TO(m, n) (installed[n] >= installed[m])
#endif
#define GOES_AT_ONCE(m, n) (IS_IDLE(decided[installed[m]], n) && CONFIRMED_TO(m, n))

/* F2 ... and under it, it asks for none. */
#ifdef WITHOUT_IDLE_WITHOUT_LEASE
#define ASKS(n) (1)
#else
#define ASKS(n) (!IS_IDLE(decided[installed[n]], n))
#endif

#define DROPS(view, next, n) \
  ((HAS(view, n) && !HAS(next, n)) || (HAS(view, (n) + 4) && !HAS(next, (n) + 4)))
#define MAY_DROP(m, next, n) \
  (!DROPS(decided[installed[m]], next, n) || (RAN_OUT(m, n) && !IS_CALM(m)) || GOES_AT_ONCE(m, n))
#define MAY_ACCEPT(m, next) (MAY_DROP(m, next, 0) && MAY_DROP(m, next, 1) && MAY_DROP(m, next, 2))

/* V4 Who has accepted a value for the next view grants no more under this one (L1). */
#ifdef WITHOUT_NO_GRANT_AFTER_ACCEPT
#define GRANTS(m) (1)
#else
#define GRANTS(m) (accepted[m] == 0)
#endif

/* V5 Only grants that were given under the installed view count: both are at the same epoch, and
   installing a view ends all that one holds. */
#ifdef WITHOUT_GRANTS_OF_THIS_EPOCH
#define SAME_EPOCH(m, n) (1)
#else
#define SAME_EPOCH(m, n) (installed[m] == installed[n])
#endif

/* A2 */
#define IN_LATER_1(n, e) ((e) <= installed[n] || decided[e] == 0 || HOLDS_PLACE(decided[e], n))
#if EPOCHS == 2
#define IN_LATER(n) IN_LATER_1(n, 2)
#elif EPOCHS == 3
#define IN_LATER(n) (IN_LATER_1(n, 2) && IN_LATER_1(n, 3))
#else
#define IN_LATER(n) (IN_LATER_1(n, 2) && IN_LATER_1(n, 3) && IN_LATER_1(n, 4))
#endif

inline pick(name) {
  if :: name = 0 :: name = 1 :: name = 2 fi
}

inline pick_ballot() {
  if :: b = 1 :: BALLOTS >= 2 -> b = 2 :: BALLOTS >= 3 -> b = 3 fi
}

/* Of the members of a new view, those that have been there for longest, and of these the one whose
   name comes first. */
inline find_oldest(epoch) {
  k = 1;
  do
  :: k < epoch ->
     v = decided[epoch]; b = k;
     do :: b < epoch -> v = v & decided[b]; b++ :: else -> break od;
     if :: MEMBERS_OF(v) != 0 -> break :: else -> k++ fi
  :: else -> v = decided[epoch]; break
  od;
  k = MEMBERS_OF(v); k = (k | (k >> 4)) & 7;
  oldest[epoch] = (HAS(k, 0) -> 0 : (HAS(k, 1) -> 1 : 2));
  k = 0; b = 0; v = 0
}

/* A decision in which nobody takes part any more is forgotten, so that states that differ in nothing
   else are one. Members install the newest view or the one before it. */
#define IS_THERE(n, e) (up[n] && installed[n] == (e))
inline tidy() {
  k = 2;
  do
  :: k <= EPOCHS ->
     if
     :: decided[k] != 0 && k < last && !IS_THERE(0, k - 1) && !IS_THERE(1, k - 1) &&
        !IS_THERE(2, k - 1) ->
        b = 1;
        do
        :: b <= BALLOTS ->
           proposer[OF(k, b)] = 0; promises[OF(k, b)] = 0; reported[OF(k, b)] = 0;
           reported_value[OF(k, b)] = 0; proposal[OF(k, b)] = 0; acceptances[OF(k, b)] = 0;
           b++
        :: else -> break
        od
     :: else
     fi;
     k++
  :: else -> break
  od;
  k = 0; b = 0
}

inline forget_vote(name) {
  promised[name] = 0; accepted[name] = 0; value[name] = 0
}

active proctype world() {
  d_step { up[0] = 1; up[1] = 1; up[2] = 1; last = 1 };
  if :: decided[1] = 1 :: decided[1] = 3 :: decided[1] = 7 fi;
  d_step {
    n = 0;
    do
    :: n < NAMES -> if :: HAS(decided[1], n) -> installed[n] = 1 :: else -> knocks[n] = 1 fi; n++
    :: else -> break
    od;
    n = 0
  };

end:
  do
  /* -------- Paxos -------- */

  /* Any member begins a ballot that nobody has begun. */
  :: atomic {
       pick(n);
       if
       :: VOTES_NOW(n) ->
          pick_ballot(); e = installed[n] + 1;
          if :: proposer[OF(e, b)] == FREE -> proposer[OF(e, b)] = n + 1 :: else fi
       :: else
       fi;
       n = 0; e = 0; b = 0
     }
  /* A voter promises, and reports what it has accepted. */
  :: atomic {
       pick(m);
       if
       :: VOTES_NOW(m) ->
          pick_ballot(); e = installed[m] + 1;
          if
          :: proposer[OF(e, b)] != FREE && b > promised[m] -> d_step {
               promised[m] = b;
               if
               :: proposer[OF(e, b)] != DEAD ->
                  promises[OF(e, b)] = promises[OF(e, b)] | ONLY(m);
                  if
                  :: accepted[m] > reported[OF(e, b)] ->
                     reported[OF(e, b)] = accepted[m]; reported_value[OF(e, b)] = value[m]
                  :: else
                  fi
               :: else
               fi
             }
          :: else
          fi
       :: else
       fi;
       m = 0; e = 0; b = 0
     }
  /* With a quorum's promises the proposer proposes: what it must, or else what it likes. */
  :: atomic {
       pick(n);
       if
       :: VOTES_NOW(n) ->
          pick_ballot(); e = installed[n] + 1;
          if
          :: proposer[OF(e, b)] == n + 1 && proposal[OF(e, b)] == 0 &&
             IS_QUORUM(promises[OF(e, b)], installed[n]) ->
             v = 0; k = 0;
#ifndef WITHOUT_ADOPT_ACCEPTED
             /* V6 It adopts the value of the highest accepted ballot. */
             v = reported_value[OF(e, b)];
#endif
             if
             :: v != 0 -> skip
             :: else ->
                do
                :: k < NAMES ->
                   if
                   :: skip
                   :: HAS(decided[installed[n]], k) -> v = v | ONLY(k)
                   :: HAS(decided[installed[n]], k + 4) -> v = v | (ONLY(k) << 4)
                   :: up[k] && knocks[k] && !HOLDS_PLACE(decided[installed[n]], k) -> v = v | NAMED(k)
                   fi;
                   k++
                :: else -> break
                od;
                k = 0;
#ifdef IDLE
                if
                :: skip
                :: HAS(v | (v >> 4), 0) -> k = 1
                :: HAS(v | (v >> 4), 1) -> k = 2
                :: HAS(v | (v >> 4), 2) -> k = 3
                fi;
#endif
                v = (v != 0 -> v | (k << 8) : 0)
             fi;
             if :: v != 0 && v != decided[installed[n]] -> proposal[OF(e, b)] = v :: else fi
          :: else
          fi
       :: else
       fi;
       n = 0; e = 0; b = 0; v = 0; k = 0
     }
  /* A voter accepts, if its promises to others allow it. A quorum decides. */
  :: atomic {
       pick(m);
       if
       :: VOTES_NOW(m) ->
          pick_ballot(); e = installed[m] + 1; v = proposal[OF(e, b)];
          if
          :: v != 0 && b >= promised[m] && b != accepted[m] && MAY_ACCEPT(m, v) -> d_step {
               promised[m] = b; accepted[m] = b; value[m] = v;
               acceptances[OF(e, b)] = acceptances[OF(e, b)] | ONLY(m);
               if
               :: IS_QUORUM(acceptances[OF(e, b)], installed[m]) ->
                  assert(decided[e] == 0 || decided[e] == v);                        /* A1 */
                  decided[e] = v;
                  if :: e > last -> last = e :: else fi;
                  find_oldest(e)
               :: else
               fi
             }
          :: else
          fi
       :: else
       fi;
       m = 0; e = 0; b = 0; v = 0
     }

  :: atomic {
       pick(m);
       if
       :: up[m] && installed[m] < last && (installed[m] != 0 || knocks[m]) ->
          if :: e = last :: last - 1 > installed[m] -> e = last - 1 fi;
          if
          :: decided[e] != 0 && HOLDS_PLACE(decided[e], m) -> d_step {
               installed[m] = e; knocks[m] = 0; forget_vote(m);
#ifndef WITHOUT_GRANTS_OF_THIS_EPOCH
               granted_by[m] = 0;
#endif
               calm[m] = 1;
               tidy()
             }
          :: else
          fi
       :: else
       fi;
       m = 0; e = 0
     }

  /* -------- Leases -------- */

  :: atomic {
       pick(m); pick(n);
       if
       :: IS_MEMBER(m) && IS_MEMBER(n) && SAME_EPOCH(m, n) && ASKS(n) && GRANTS(m) -> d_step {
            granted_by[n] = granted_by[n] | ONLY(m);
            granted_to[m] = granted_to[m] | ONLY(n)
          }
       :: else
       fi;
       m = 0; n = 0
     }
  :: d_step {
       granted_by[0] = 0; granted_by[1] = 0; granted_by[2] = 0;
       granted_to[0] = 0; granted_to[1] = 0; granted_to[2] = 0;
       calm[0] = 0; calm[1] = 0; calm[2] = 0
     }

  /* -------- Crashes -------- */

  :: crashes < CRASHES -> atomic {
       pick(n);
       if
       :: up[n] && !second[n] -> d_step {
            crashes++; forget_vote(n); granted_to[n] = 0; granted_by[n] = 0; calm[n] = 0;
#ifndef WITHOUT_NEW_INCARNATION
            /* V7 A restarted process is a new incarnation, without a vote. */
            up[n] = 0; installed[n] = 0; knocks[n] = 0;
#endif
            e = 2;
            do
            :: e <= EPOCHS ->
               b = 1;
               do
               :: b <= BALLOTS ->
                  if
                  :: proposer[OF(e, b)] == n + 1 && proposal[OF(e, b)] == 0 ->
                     proposer[OF(e, b)] = DEAD; promises[OF(e, b)] = 0; reported[OF(e, b)] = 0;
                     reported_value[OF(e, b)] = 0
                  :: else
                  fi;
                  b++
               :: else -> break
               od;
               e++
            :: else -> break
            od;
            e = 0; b = 0;
            tidy()
          }
       :: else
       fi;
       n = 0
     }
  :: atomic {
       pick(n);
       if
       :: !up[n] && !second[n] -> d_step { up[n] = 1; second[n] = 1; knocks[n] = 1 }
       :: else
       fi;
       n = 0
     }

  :: d_step {
       assert(!HOLDS_LEASE(0) || IN_LATER(0));                                       /* A2 */
       assert(!HOLDS_LEASE(1) || IN_LATER(1));
       assert(!HOLDS_LEASE(2) || IN_LATER(2))
     }
  od
}
