(** * The rules can be taken

    A guard that nothing meets would make every theorem true. Here the initiator 0 sends to the owner 1: one run
    settles, and one is undone. *)

Require Import List Arith.
Import ListNotations.
Require Import Accompanist.Saga.

(** The pivot, 8, stays. *)
Definition staying (k : site) : bool := Nat.eqb k 8.
Definition to (r : role) : list role := if Nat.eqb r 0 then [1] else [].

Lemma only_one by_ q : (forall p x, In x (by_ p) -> x = 1) -> Cl 0 by_ q -> q = 1.
Proof. intros H C; destruct C; eauto. Qed.

Ltac easy_ := cbn; intuition (try discriminate; try congruence).

(** A step of the run, told backwards. *)
Tactic Notation "last" uconstr(rule) := eapply reach_step; [|apply rule; try solve [easy_]].

Definition has_begun : st :=
  to_phase 1 Running (to_begun 1 (to_contact 0 1 (to_exec 0 7 (to_phase 0 Running (to_begun 0 (first 1 [0; 1])))))).
Lemma begins_ : reach 0 1 [0; 1] to staying has_begun.
Proof. last (begin 0 1 to staying _ 0). last send. last execute. last start. apply reach_first. Qed.

Definition has_settled : st :=
  to_phase 0 Settled (to_phase 1 Done (to_vote 1 true (to_phase 0 Done (to_vote 0 true
    (to_passed (to_safe 1 (to_exec 1 8 (to_safe 0 has_begun)))))))).
Example settles : reach 0 1 [0; 1] to staying has_settled /\ ph has_settled 0 = Settled /\ passed has_settled = true.
Proof.
  split; [|easy_]. last settle.
  - last (vote_done 0 1 to staying _ 1). last (vote_done 0 1 to staying _ 0). last (pivot 0 1 to staying _ 8).
    + last (safe 0 1 to staying _ 0). exact begins_.
    + intros [|[|r]]; easy_.
  - intros q C. apply only_one in C; [subst; reflexivity|]. intros p x. cbn. unfold put.
    destruct (Nat.eqb p 0); simpl; intuition.
Qed.

Definition has_failed : st :=
  let granted_ := to_shut 1 (to_own 1 (to_granted 1 has_begun)) in
  to_phase 1 Undoing (to_told (tells 0 to granted_ 1) (to_abort_vote 1 granted_)).
Definition has_ended : st :=
  let shut_ := to_shut 0 (to_phase 1 Undone has_failed) in
  to_phase 0 Ended (to_phase 0 Undone (to_undone 0 7 (to_phase 0 Undoing (to_told (tells 0 to shut_ 0) shut_)))).
Example ends_well :
  reach 0 1 [0; 1] to staying has_ended /\ ph has_ended 0 = Ended /\ vote has_ended 1 = Some false /\ undone has_ended 0 = [7].
Proof.
  split; [|easy_]. last end_saga.
  - last (all_undone 0 1 to staying _ 0). last (undo 0 1 to staying _ 0 7 []). last (told 0 1 to staying _ 0). last (close 0 1 to staying _ 0).
    last (all_undone 0 1 to staying _ 1). last (fail 0 1 to staying _ 1). last (close 0 1 to staying _ 1). last (grant 0 1 to staying _ 1).
    + exact begins_.
    + unfold can_fail; easy_.
  - intros q C. apply only_one in C; [subst; cbn; auto|]. intros p x. unfold ends, to. cbn. unfold put.
    destruct (Nat.eqb p 0); simpl; intuition.
Qed.
