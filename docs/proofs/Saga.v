(** * The session protocol, abstract, and what is proved of it

    This is the protocol of docs/protocol.md for any number of roles, any programs and any number of crashes. Coq checks
    every proof here (`make prove`); no axiom is used.

    A state holds what a crash cannot take: phases, votes, contacts, the fence's door and its list, messages that
    arrived, records. So a crash changes no state, and neither does a recovery, a message that is lost and sent again,
    one that comes twice, or one that comes late. A program is whatever it likes to do: a call, a message to a role that
    its projection can send to, the end, or a failure. A role may take any step that its rule allows, at any time.

    The rules bear the names that `accompanist/simulation/search/refinement.py` has. That file maps each step of the
    running core, as the search drives it, to these rules (docs/theory.md, section 5).

    A pivot in doubt is no state of its own: the fence has executed the pivot, or has shut its door before it. Nor is a
    lost answer, a refusal or a query: each is a program's choice, to go on or to fail.

    Not covered:
    - a role that lies, and whom a role believes (`accompanist/runtime/peer_aborts.py`). Here every abort has a cause;
    - an operator's `end`, which leaves what was done as it is. A value that an operator gives is a program's choice. A
      compensation that he marks as done is covered: rule [excuse];
    - a worker without a fence;
    - termination. A rule says what may happen, not that it does;
    - the saga check. The rules assume what it promises. At the commit point, no other role may fail by itself any more:
      [may] is that right, and rule [safe] gives it up for good. What has no compensation is executed behind that point
      only: a guard of [execute]. *)

Require Import List Arith PeanoNat Bool Lia.
Import ListNotations.

Definition role := nat.

(** A [site] names a call of one run; so it names an effect. *)
Definition site := nat.

(** Phase CLOSING is not here, since no log keeps it: a session that closes is [Running] or [Done]. [Idle]: no message
    that begins a session has arrived. *)
Inductive phase := Idle | Running | Done | Undoing | Undone | Settled | Ended.

Definition back (p : phase) : Prop := match p with Undoing | Undone | Ended => True | _ => False end.

Definition put {A : Type} (f : role -> A) (r : role) (a : A) : role -> A := fun x => if Nat.eqb x r then a else f x.


Section Saga.

(** The initiator. *)
Variable i : role.
(** The owner of the commit point; the initiator, where a choreography has none. *)
Variable o : role.
(** The roles of the choreography, as many as there are. *)
Variable roles : list role.
(** The send set: the roles that a role's projection can send to. *)
Variable T : role -> list role.
(** The effects that no compensation undoes. *)
Variable stays : site -> bool.

(** ** States *)

Record st := mk {
  ph : role -> phase;
  begun : role -> bool;          (* a message that begins its program has arrived. Only the proofs read this *)
  vote : role -> option bool;    (* Some true: done. Some false: abort *)
  con : role -> list role;       (* its contacts: the roles that it has sent to *)
  shut : role -> bool;           (* the fence refuses forward calls *)
  exec : role -> list site;      (* the transactions that its worker has executed, in order of commit *)
  undone : role -> list site;    (* those that are undone, in order *)
  hand : role -> list site;      (* those of them that an operator has marked as undone *)
  ab : role -> bool;             (* an abort lies in its inbox *)
  req : bool;                    (* a cancel, or a deadline that passed, lies in the owner's inbox *)
  granted : role -> bool;        (* the record that the saga is to be undone, and why *)
  own : role -> bool;            (* it failed by itself, or granted a request. Only the proofs read this *)
  may : role -> bool;            (* its program may still fail *)
  passed : bool;                 (* the commit point is passed *)
  parked : role -> bool }.       (* the session waits for an operator *)

Definition to_phase r p s :=
  mk (put (ph s) r p) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s)
     (own s) (may s) (passed s) (parked s).
Definition to_begun r s :=
  mk (ph s) (put (begun s) r true) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s)
     (own s) (may s) (passed s) (parked s).
Definition to_vote r v s :=
  mk (ph s) (begun s) (put (vote s) r (Some v)) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s)
     (own s) (may s) (passed s) (parked s).
(** A vote that is there stays. *)
Definition to_abort_vote r s := match vote s r with None => to_vote r false s | Some _ => s end.
Definition to_contact r q s :=
  mk (ph s) (begun s) (vote s) (put (con s) r (q :: con s r)) (shut s) (exec s) (undone s) (hand s) (ab s) (req s)
     (granted s) (own s) (may s) (passed s) (parked s).
Definition to_shut r s :=
  mk (ph s) (begun s) (vote s) (con s) (put (shut s) r true) (exec s) (undone s) (hand s) (ab s) (req s) (granted s)
     (own s) (may s) (passed s) (parked s).
Definition to_exec r k s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (put (exec s) r (exec s r ++ [k])) (undone s) (hand s) (ab s) (req s)
     (granted s) (own s) (may s) (passed s) (parked s).
Definition to_undone r k s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (put (undone s) r (undone s r ++ [k])) (hand s) (ab s) (req s)
     (granted s) (own s) (may s) (passed s) (parked s).
Definition to_hand r k s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (put (hand s) r (hand s r ++ [k])) (ab s) (req s)
     (granted s) (own s) (may s) (passed s) (parked s).
Definition to_told (who : list role) s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s)
     (fun q => existsb (Nat.eqb q) who || ab s q) (req s) (granted s) (own s) (may s) (passed s) (parked s).
Definition to_asked s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) true (granted s) (own s) (may s)
     (passed s) (parked s).
Definition to_granted r s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (put (granted s) r true)
     (own s) (may s) (passed s) (parked s).
Definition to_own r s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s)
     (put (own s) r true) (may s) (passed s) (parked s).
Definition to_safe r s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s) (own s)
     (put (may s) r false) (passed s) (parked s).
Definition to_passed s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s) (own s)
     (may s) true (parked s).
Definition to_parked r b s :=
  mk (ph s) (begun s) (vote s) (con s) (shut s) (exec s) (undone s) (hand s) (ab s) (req s) (granted s) (own s)
     (may s) (passed s) (put (parked s) r b).

(** [Cl by q]: the initiator counts role [q], which is in the closure of its own set under the others' sets. *)
Inductive Cl (by_ : role -> list role) : role -> Prop :=
| Cl0 q : In q (by_ i) -> Cl by_ q
| ClS p q : Cl by_ p -> In q (by_ p) -> Cl by_ q.

(** What a `compensated` names, the send set; the initiator itself counts its contacts, too: a cancel that it forwards
    reaches a role outside of its send set. *)
Definition ends (s : st) (p : role) : list role := if Nat.eqb p i then T p ++ con s p else T p.

(** Whom a role tells when it goes back: its send set, its contacts and the initiator. *)
Definition tells (s : st) (r : role) : list role := i :: T r ++ con s r.

(** A role may decide by itself that the saga is undone: while its program runs; and the initiator until it has settled,
    which may grant a request where no commit point was passed. *)
Definition can_fail (s : st) (r : role) : Prop :=
  may s r = true /\ (ph s r = Running \/ (r = i /\ ph s i = Done)).

(** A session that was not taken up yet: whatever may have arrived, nothing was executed. *)
Definition untouched (s : st) (r : role) : Prop := ph s r = Idle \/ (ph s r = Running /\ exec s r = []).

Definition first :=
  mk (fun _ => Idle) (fun _ => false) (fun _ => None) (fun _ => []) (fun _ => false) (fun _ => []) (fun _ => [])
     (fun _ => []) (fun _ => false) false (fun _ => false) (fun _ => false)
     (fun r => Nat.eqb r o || existsb (Nat.eqb r) roles) false (fun _ => false).

(** ** Rules

    Each names the row of the table of events in docs/protocol.md that it stands for: the event, and the phase that it
    meets. *)

Inductive step : st -> st -> Prop :=
(** start: `start` arrives at the initiator. *)
| start s :
    ph s i = Idle -> step s (to_phase i Running (to_begun i s))
(** begin: `data` or `choice` arrives at a role that knows nothing of the session. Its sender has it as a contact. *)
| begin s p q :
    In q (con s p) -> ph s q = Idle -> q <> i -> step s (to_phase q Running (to_begun q s))
(** execute: the worker executes a transaction; `replied` tells later, or never. The call may be a late one of a process
    that is dead. The fence lets none in behind its door, and none twice. What cannot be undone comes behind the commit
    point: that is the saga check's other promise. *)
| execute s r k :
    ph s r = Running -> shut s r = false -> ~ In k (exec s r) -> (stays k = true -> passed s = true) ->
    step s (to_exec r k s)
(** safe: all that may fail at this role is behind it. No event goes with it: the saga check has it of the program. *)
| safe s r :
    r <> o -> ph s r = Idle \/ ph s r = Running \/ ph s r = Done -> granted s r = false -> shut s r = false ->
    step s (to_safe r s)
(** pivot: the worker of the owner executes the pivot, the commit point (`replied` in running). *)
| pivot s k :
    ph s o = Running -> shut s o = false -> granted s o = false -> ~ In k (exec s o) ->
    (forall r, r <> o -> may s r = false) ->
    step s (to_passed (to_safe o (to_exec o k s)))
(** record: the owner's record that the commit point is passed is stable; nothing is executed (`replied` in running). *)
| record s :
    ph s o = Running -> shut s o = false -> granted s o = false ->
    (forall r, r <> o -> may s r = false) ->
    step s (to_passed (to_safe o s))
(** send: the program runs on and sends `data` or a `choice` (`start`, `data`, `choice`, `event`, `replied`, `declined`
    and `fired` in running). *)
| send s r q :
    ph s r = Running -> parked s r = false -> In q (T r) -> step s (to_contact r q s)
(** forward: the initiator hands a request on to the owner (`cancel` and `deadline` in running, done and closing). The
    owner is a contact from then on. *)
| forward s :
    ph s i = Running \/ ph s i = Done -> o <> i -> step s (to_contact i o (to_asked s))
(** vote_done: the program has ended (outcome `voted`). *)
| vote_done s r :
    ph s r = Running -> vote s r = None -> granted s r = false -> parked s r = false ->
    step s (to_phase r Done (to_vote r true s))
(** grant: the record of a cause that is this role's own, or of a request that it grants (outcome `failed` of the
    program, of `declined`, `exhausted` and `shut`, and of `cancel` in running and done). *)
| grant s r :
    can_fail s r -> step s (to_own r (to_granted r s))
(** keep_cause: the record that an abort from another role was believed (`abort`, `compensated`). *)
| keep_cause s r :
    ab s r = true -> ph s r = Running \/ ph s r = Done -> step s (to_granted r s)
(** close: the fence shuts its door (`closed` in closing). It may do so without a record where the fence itself decides;
    then a crash may forget why, and the door stays shut. *)
| close s r :
    granted s r = true \/ ab s r = true \/ can_fail s r -> step s (to_shut r s)
(** fail: the role goes back for a cause that it has recorded. It votes abort, if it has not voted, and tells (`closed`
    leads to undoing). *)
| fail s r :
    granted s r = true -> ph s r = Running \/ (r = i /\ ph s i = Done) -> shut s r = true ->
    step s (to_phase r Undoing (to_told (tells s r) (to_abort_vote r s)))
(** told: the role goes back because it was told. A done vote stays, and a role that has not voted does not vote
    (`abort`, `compensated`; then `closed` leads to undoing). *)
| told s r :
    ab s r = true -> ph s r = Running \/ ph s r = Done \/ ph s r = Idle -> shut s r = true ->
    step s (to_phase r Undoing (to_told (tells s r) s))
(** bury: an abort is the first thing that a role hears, though `data` may have arrived before. It leaves a tombstone
    (`abort`). The worker was never called, so no door has to be shut. *)
| bury s r :
    ab s r = true -> untouched s r -> r <> i ->
    step s (to_phase r Ended (to_told (tells s r) s))
(** orphan: a request is the first thing that the owner hears. The owner grants it and leaves a tombstone (`cancel`). *)
| orphan s :
    req s = true -> untouched s o -> may s o = true -> vote s o = None -> o <> i ->
    step s (to_phase o Ended (to_vote o false (to_own o (to_granted o (to_told (tells s o) s)))))
(** spread: while it is undone, the initiator tells a role late (`done` and `compensated` in undoing and undone). *)
| spread s q :
    ph s i = Undoing \/ ph s i = Undone -> step s (to_told [q] s)
(** undo: the worker compensates the last transaction that is not undone (`undid`). *)
| undo s r k l :
    ph s r = Undoing -> exec s r = l ++ [k] ++ rev (undone s r) -> stays k = false -> step s (to_undone r k s)
(** excuse: an operator marks it as undone (`operator` in undoing: `skip`, `resolve`). *)
| excuse s r k l :
    ph s r = Undoing -> exec s r = l ++ [k] ++ rev (undone s r) -> step s (to_hand r k (to_undone r k s))
(** all_undone: nothing is left to be compensated (outcome `compensated`). *)
| all_undone s r :
    ph s r = Undoing -> exec s r = rev (undone s r) -> step s (to_phase r Undone s)
(** settle: every role that the initiator counts has voted done (outcome `all done`). *)
| settle s :
    ph s i = Done -> granted s i = false -> (forall q, Cl (con s) q -> vote s q = Some true) ->
    step s (to_phase i Settled s)
(** settled_at: the initiator says so (`settled`). *)
| settled_at s r :
    ph s i = Settled -> ph s r = Done -> step s (to_phase r Settled s)
(** end_saga: every role that the initiator counts has compensated, or keeps a tombstone (outcome `all undone`). *)
| end_saga s :
    ph s i = Undone -> (forall q, Cl (ends s) q -> ph s q = Undone \/ ph s q = Ended) ->
    step s (to_phase i Ended s)
(** ended_at: the initiator says so (`ended`). *)
| ended_at s r :
    ph s i = Ended -> ph s r = Undone -> step s (to_phase r Ended s)
(** park: the session waits for an operator. *)
| park s r : step s (to_parked r true s)
(** unpark: the operator lets it go on, or it is undone. *)
| unpark s r : step s (to_parked r false s).

Inductive reach : st -> Prop := reach_first : reach first | reach_step s s' : reach s -> step s s' -> reach s'.

End Saga.
