(** Crashes and replay, over the calculus of Acc.v. A crash throws away what a role holds in memory. Its program then
    runs again from the top over the messages and answers that are durable.

    Proved: whatever crashes, however often, the network is where a run without crashes could be, but for roles that
    have not caught up yet ([replay]). What a role does, also when it does it again, is what the choreography has it do
    ([crashed_comparable]). Where nothing can happen any more the network has come to an end that it could have come to
    without crashes ([replay_end]), which is the choreography's ([crashes_change_nothing]).

    Assumed: the medium is never lost; a worker that is asked again under the same site gives the same answer, which is
    what the fence promises; a program given the same answers does the same, which is lemma 2 and here part of the
    calculus. Not covered: the session protocol (Saga.v), and what Acc.v leaves out. *)
Require Import List Arith PeanoNat Lia FunctionalExtensionality.
Require Import Acc Merge Steps Follow Ends.
Import ListNotations.
Set Implicit Arguments.

Section Replay.
Variable eval : expr -> store -> val.
(** A fence: the same answer under the same site with its turns, asked however often. *)
Variable ask : role -> path * site -> op -> val -> option val.
Variable N0 : net.                                  (* every role at its beginning *)
Notation lstep := (lstep eval ask).
Notation nstep := (nstep eval ask).
Notation steps := (steps eval ask).
Notation step := (step eval ask).

Inductive what := Run | Crash.
Inductive xstep : nstate -> what -> nstate -> Prop :=
| XRun A r B : nstep A r B -> xstep A Run B
| XCrash N M r : xstep (N, M) Crash (setr N r (N0 r), M).
Inductive xsteps : nstate -> nstate -> Prop :=
| X0 A : xsteps A A
| XS A B w C : xsteps A B -> xstep B w C -> xsteps A C.

(** Running over what is there already: nothing new is written. *)
Definition there (M : medium) (w : option (key * msg)) :=
  match w with None => True | Some (k, m) => M k = Some m end.
Inductive lrun (r : role) (M : medium) : lst -> lst -> Prop :=
| R0 l : lrun r M l l
| RS l l1 l' w : lstep r M l = Some (l1, w) -> there M w -> lrun r M l1 l' -> lrun r M l l'.

Lemma lrun_mono r M M' l l' : mle M M' -> lrun r M l l' -> lrun r M' l l'.
Proof.
  intros H R; induction R; [constructor|]. econstructor; [eapply lstep_mono; eauto| |auto].
  destruct w as [[k m]|]; simpl in *; auto.
Qed.
Lemma lrun_snoc r M l l' l2 w : lrun r M l l' -> lstep r M l' = Some (l2, w) -> there M w -> lrun r M l l2.
Proof. intros R; induction R; intros; econstructor; eauto. constructor. Qed.

Lemma lrun_inv r M l l' : lrun r M l l' ->
  l = l' \/ exists l1 w, lstep r M l = Some (l1, w) /\ there M w /\ lrun r M l1 l'.
Proof. intros H; inversion H; subst; eauto 8. Qed.

Lemma write_there M w : there M w -> write M w = M.
Proof.
  destruct w as [[k m]|]; simpl; auto. intros H. extensionality k'. unfold put.
  destruct (key_eq k' k); congruence.
Qed.
Lemma there_write M w : there (write M w) w.
Proof. destruct w as [[k m]|]; simpl; auto. apply put_same. Qed.
Lemma there_wok M w : there M w -> wok M w.
Proof. destruct w as [[k m]|]; simpl; auto. Qed.

Lemma steps_snoc n A B C : steps n A B -> step B C -> steps (S n) A C.
Proof. intros H; induction H; intros; econstructor; eauto. constructor. Qed.

(** *** Replay equivalence *)
Theorem replay M0 N M : xsteps (N0, M0) (N, M) ->
  exists n N', steps n (N0, M0) (N', M) /\ forall r, lrun r M (N r) (N' r) /\ lrun r M (N0 r) (N' r).
Proof.
  remember (N0, M0) as A eqn:EA; remember (N, M) as B eqn:EB. intros X; revert N M EB; induction X; intros N M EB;
      subst.
  - inversion EB; subst. exists 0, N. split; [constructor|]. split; constructor.
  - destruct B as [N1 M1]. destruct (IHX eq_refl _ _ eq_refl) as (n & N' & ST & L). clear IHX.
    inversion H; subst; clear H.
    + match goal with Q : nstep (N1, M1) r _ |- _ => inversion Q as [a b c l' w1 LS WO]; subst; clear Q end.
      destruct (L r) as [L1 L2]. destruct (lrun_inv L1) as [EQ|(l1 & w2 & LS2 & TH & L3)].
      * assert (Y : step (N', M1) (setr N' r l', write M1 w1)).
        { exists r. constructor; auto. now rewrite <- EQ. }
        exists (S n), (setr N' r l'). split; [eapply steps_snoc; eauto|].
        intros r'. destruct (Nat.eq_dec r' r) as [->|D].
        -- rewrite !setr_same. split; [constructor|].
           eapply lrun_snoc; [eapply lrun_mono; [apply write_mle; eauto|exact L2]| |apply there_write].
           eapply lstep_mono; [apply write_mle; eauto|]. now rewrite <- EQ.
        -- rewrite !setr_other by auto. destruct (L r') as [Z1 Z2].
           split; (eapply lrun_mono; [apply write_mle; eauto|assumption]).
      * rewrite LS in LS2; inversion LS2; subst.
        rewrite write_there by auto. exists n, N'. split; auto.
        intros r'. destruct (Nat.eq_dec r' r) as [->|D].
        -- rewrite setr_same; auto.
        -- rewrite setr_other by auto; apply L.
    + exists n, N'. split; auto. intros r'. destruct (Nat.eq_dec r' r) as [->|D].
      * rewrite setr_same. split; apply L.
      * rewrite setr_other by auto; apply L.
Qed.

(** Where nothing can happen any more, the network has come to what a run without crashes comes to. *)
Theorem replay_end M0 N M : xsteps (N0, M0) (N, M) -> terminal eval ask (N, M) ->
  exists n, steps n (N0, M0) (N, M).
Proof.
  intros X T. destruct (replay X) as (n & N' & ST & L).
  assert (N = N') as ->; [|eauto].
  extensionality r. destruct (L r) as [L1 _]. destruct (lrun_inv L1) as [EQ|(l1 & w2 & LS2 & TH & L3)]; auto.
  exfalso. eapply T. exists r. econstructor; eauto. now apply there_wok.
Qed.

(** Every end of a network with crashes is the end of its choreography. *)
Theorem crashes_change_nothing C S c N M :
  starts C S N0 -> cruns eval ask (begun C S) c -> over c -> xsteps (N0, empty) (N, M) ->
  terminal eval ask (N, M) -> forall r, at_end (N r) (holds c r) (did c r).
Proof.
  intros ST R O X T. destruct (replay_end X T) as (m & SM).
  destruct (projection ST R O) as (n & H). destruct (H _ _ SM) as [_ Z]. exact (Z T).
Qed.

Lemma lrun_view r M l l' : lrun r M l l' -> prefix (view l) (view l').
Proof.
  intros H; induction H; [apply prefix_refl|]. eapply prefix_trans; [eapply lstep_view; eauto|auto].
Qed.

(** What a role has done since its last crash agrees with the choreography, as far as that has come. *)
Theorem crashed_comparable C S c N M :
  starts C S N0 -> cruns eval ask (begun C S) c -> xsteps (N0, empty) (N, M) ->
  forall r, prefix (view (N r)) (did c r) \/ prefix (did c r) (view (N r)).
Proof.
  intros ST R X r. destruct (replay X) as (n & N' & SN & L). destruct (L r) as [L1 _].
  destruct (comparable ST R SN r) as [P|P].
  - left. eapply prefix_trans; [exact (lrun_view L1)|exact P].
  - eapply prefix_both; [exact (lrun_view L1)|exact P].
Qed.
End Replay.
Print Assumptions crashes_change_nothing.
