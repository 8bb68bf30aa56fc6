(** What every schedule of a network does, compared with its choreography.

    Proved, for a schedule that may be stopped anywhere: the network can go on until each role has done all that the
    choreography has come to ([caught_up]); what a role has done is a beginning of what the choreography has it do, or
    goes on from there ([comparable]); who has not done all of it is not stuck for ever ([never_stuck]). So it is also
    in a run that somebody aborts or declines, and in one without an end. If the choreography comes to its end, every
    schedule ends, each role with exactly the choreography's view and values ([projection], theorems 2 and 3), and as
    long as somebody is not at his end somebody can take a step ([deadlock_free]). No run makes a call twice under one
    site with its turns ([calls_once], theorem 4).

    Assumed: [wf], a program for each role ([starts]), and that the owners of a guard agree (Steps.v); of an early
    return inside a loop, that whoever acts behind it follows the turns ([told_over]). Not covered: what Acc.v leaves
    out. *)
Require Import List Arith Bool PeanoNat Lia FunctionalExtensionality.
Require Import Acc Merge Steps Follow.
Import ListNotations.
Set Implicit Arguments.

Section Ends.
Variable eval : expr -> store -> val.
Variable ask : role -> path * site -> op -> val -> option val.
Notation lstep := (lstep eval ask).
Notation nstep := (nstep eval ask).
Notation steps := (steps eval ask).
Notation step := (step eval ask).
Notation terminal := (terminal eval ask).
Notation cstep := (cstep eval ask).
Notation cruns := (cruns eval ask).

(** ** What every schedule does *)
Lemma follows_all c c' : cruns c c' -> forall N M, done c N M ->
  exists n N' M', steps n (N, M) (N', M') /\ done c' N' M'.
Proof.
  intros H; induction H; intros N M D; [exists 0, N, M; split; [constructor|auto]|].
  destruct (IHcruns _ _ D) as (n & N1 & M1 & S1 & D1). destruct (follows H0 D1) as (m & N2 & M2 & S2 & D2).
  exists (n + m), N2, M2; split; auto. eapply steps_trans; eauto.
Qed.

(** Lemma 3: no run writes where something is. What may still be sent has no message in the medium. *)
Corollary fresh_stays c c' N M : cruns c c' -> done c N M ->
  exists n N' M', steps n (N, M) (N', M') /\ forall k, future (left c') (loops c') k -> M' k = None.
Proof.
  intros R D. destruct (follows_all R D) as (n & N' & M' & S & (_ & _ & F)). exists n, N', M'; auto.
Qed.

(** The beginning: each role before its program, nothing sent. *)
Definition begun (C : chor) (S : role -> store) : conf := cfg C [] S (fun _ => []).
Definition starts (C : chor) (S : role -> store) (N : net) :=
  wf C /\ forall r, exists P, proj r C = Some P /\ N r = mk P [] (S r) [].
Definition empty : medium := fun _ => None.

Lemma begun_done C S N : starts C S N -> done (begun C S) N empty.
Proof.
  intros [W H]. repeat split; simpl; auto. intros r; simpl. destruct (H r) as (P & E & ->).
  exists P, []. split; auto. split; auto. exists P; auto.
Qed.

(** Whatever a schedule has come to, wherever it was stopped: the network can go on until each role has done all that
    the choreography has come to. *)
Theorem caught_up C S N c m B : starts C S N -> cruns (begun C S) c -> steps m (N, empty) B ->
  exists n D, steps n B D /\ forall r, prefix (did c r) (view (fst D r)).
Proof.
  intros ST R SB. destruct (follows_all R (begun_done ST)) as (n & N' & M' & SN & (_ & T & _)).
  destruct (joined SB SN) as (i & j & D & SD & SD'). exists i, D; split; auto. intros r.
  destruct (T r) as (P & KP & E & _). pose proof (steps_view SD' r) as V. simpl in V. now rewrite E in V.
Qed.

(** What a role has done is a beginning of what the choreography has it do, or goes on from it. So it is in a run that
    was aborted or declined, and in one that has no end. *)
Theorem comparable C S N c m B : starts C S N -> cruns (begun C S) c -> steps m (N, empty) B ->
  forall r, prefix (view (fst B r)) (did c r) \/ prefix (did c r) (view (fst B r)).
Proof.
  intros ST R SB r. destruct (caught_up ST R SB) as (n & D & SD & V).
  eapply prefix_both; [exact (steps_view SD r)|apply V].
Qed.

(** A run that can go on for ever, as far as a role is concerned, has no schedule in which this role is stuck. *)
Corollary never_stuck C S N c m B r : starts C S N -> cruns (begun C S) c -> steps m (N, empty) B ->
  length (view (fst B r)) < length (did c r) -> ~ terminal B.
Proof.
  intros ST R SB L T. destruct (caught_up ST R SB) as (n & D & SD & V). inversion SD; subst.
  - destruct (V r) as [u E]. rewrite E, app_length in L. lia.
  - eapply T; eauto.
Qed.

(** The choreography has come to its end, and whoever does not follow the turns of the loops that it returns from has
    nothing to do behind them. That is so of every end if it holds of the text: [told_over]. *)
Fixpoint resting (r : role) (C : chor) (K : list cframe) : Prop :=
  match K with
  | [] => proj r C = Some PEnd
  | f :: K => if mem r (cwho f) then proj r C = Some PEnd else resting r (crest f) K
  end.
Definition over (c : conf) := left c = End /\ forall r, resting r End (loops c).
Definition at_end (l : lst) (st : store) (v : list act) := prog l = PEnd /\ sto l = st /\ view l = v.

Lemma rests r K : forall C P KP, stand r C K P KP -> resting r C K -> P = PEnd.
Proof.
  induction K as [|f K IH]; simpl; intros C P KP ST R.
  - destruct ST as [_ (P' & E & M)]. rewrite R in E; inversion E; subst. inversion M; subst; auto; discriminate.
  - destruct (mem r (cwho f)); [|eapply IH; eauto]. destruct ST as (PB & PR & KP' & _ & (P' & E & M) & _).
    rewrite R in E; inversion E; subst. inversion M; subst; auto; discriminate.
Qed.

Lemma over_ends C S N c : starts C S N -> cruns (begun C S) c -> over c ->
  exists n N' M', steps n (N, empty) (N', M') /\ terminal (N', M') /\
    forall r, at_end (N' r) (holds c r) (did c r).
Proof.
  intros ST R [E O]. destruct (follows_all R (begun_done ST)) as (n & N' & M' & SN & (_ & T & _)).
  assert (H : forall r, at_end (N' r) (holds c r) (did c r)).
  { intros r. destruct (T r) as (P & KP & EP & SP). rewrite E in SP. rewrite EP.
    rewrite (@rests r (loops c) End P KP SP (O r)). repeat split. }
  exists n, N', M'. split; auto. split; auto.
  intros B [r X]; inversion X as [? ? ? l' w L WO]; subst. destruct (H r) as [HP _].
  destruct (N' r) as [P K st v]; simpl in *; subst. discriminate.
Qed.

(** Theorems 2 and 3 at once: if the choreography comes to its end, every schedule ends, and then each role has come to
    its end, has done what the choreography says, in its order, and holds what it holds there. *)
Theorem projection C S N c : starts C S N -> cruns (begun C S) c -> over c ->
  exists n, forall m B, steps m (N, empty) B ->
    m <= n /\ (terminal B -> forall r, at_end (fst B r) (holds c r) (did c r)).
Proof.
  intros ST R O. destruct (over_ends ST R O) as (n & N' & M' & SN & T & H).
  exists n; intros m B SB. destruct (one_run_tells_all SN T SB) as (k & -> & KB). split; [lia|].
  intros TB. inversion KB; subst; auto. exfalso; eapply TB; eauto.
Qed.

Definition who (K : list cframe) : option (list role) := match K with [] => None | f :: _ => Some (cwho f) end.
Fixpoint told_around (b : bool) (K : list cframe) : Prop :=
  match K with
  | [] => True
  | f :: K => told (Some (cwho f)) (cbody f) /\ told (who K) (crest f) /\
      (b = true -> returns (cbody f) = true) /\ (returns (cbody f) = true -> excused (who K) (crest f) (cwho f)) /\
      told_around (returns (cbody f) || returns (crest f)) K
  end.
Definition told_all (c : conf) := told (who (loops c)) (left c) /\ told_around (returns (left c)) (loops c).

Lemma told_mono b b' K : (b' = true -> b = true) -> told_around b K -> told_around b' K.
Proof. destruct K as [|f K]; simpl; auto. intros H (?&?&?&?&?); repeat split; auto. Qed.

Lemma told_step c c' : cstep c c' -> told_all c -> told_all c'.
Proof.
  intros H [T A]; destruct H; unfold told_all in *; simpl in *; auto.
  - split; auto. eapply told_mono; [|exact A]; discriminate.
  - destruct T as [T1 T2]. destruct b; split; auto; eapply told_mono; try exact A; intros ->; auto using orb_true_r.
  - destruct T as (T1 & T2 & T3). repeat split; auto.
  - destruct A as (A1 & A2 & A3 & A4 & A5). repeat split; auto.
  - destruct A as (A1 & A2 & A3 & A4 & A5). split; auto. eapply told_mono; [|exact A5]. intros ->; apply orb_true_r.
Qed.

Lemma told_rests r K : forall C, told_around true K -> (follows_turns r K = true -> proj r C = Some PEnd) ->
  resting r C K.
Proof.
  induction K as [|f K IH]; simpl; intros C A H; auto. destruct A as (_ & _ & A3 & A4 & A5).
  rewrite (A3 eq_refl) in *. simpl in A5. destruct (mem r (cwho f)) eqn:E; auto. apply IH; auto.
  intros F. specialize (A4 eq_refl r E). destruct K as [|g K]; simpl in *; [exact A4|congruence].
Qed.

Theorem told_over C S c : told None C -> cruns (begun C S) c -> left c = End -> over c.
Proof.
  intros T R E. assert (A : told_all c).
  { clear E. remember (begun C S) as b eqn:B. induction R as [|b' d d' R IH H]; subst; [split; simpl; auto|].
    eapply told_step; eauto. }
  split; auto. intros r. destruct A as [_ A]. rewrite E in A. apply told_rests; auto.
Qed.

(** As long as somebody is not at his end, somebody can take a step. *)
Corollary deadlock_free C S N c : starts C S N -> cruns (begun C S) c -> over c ->
  forall m B, steps m (N, empty) B -> (exists r, prog (fst B r) <> PEnd) -> exists B', step B B'.
Proof.
  intros ST R O m B SB [r NE]. destruct (over_ends ST R O) as (n & N' & M' & SN & T & H).
  destruct (one_run_tells_all SN T SB) as (k & -> & KB). inversion KB; subst; eauto.
  destruct (H r) as [HP _]. simpl in NE. congruence.
Qed.

(** ** Theorem 4: no call is made twice under one site with its turns, which is the identity that a fence knows. *)
Fixpoint calls (v : list act) : list (path * site) :=
  match v with [] => [] | ACall k _ _ :: v => k :: calls v | _ :: v => calls v end.
Lemma calls_app v w : calls (v ++ w) = calls v ++ calls w.
Proof. induction v as [|[] v IH]; simpl; rewrite ?IH; auto. Qed.
Definition uncalled (c : conf) :=
  forall r, NoDup (calls (did c r)) /\
    forall ts s, future (left c) (loops c) (ts, s, r, r) -> ~ In (ts, s) (calls (did c r)).

Lemma nodup_snoc (xs : list (path * site)) x : NoDup xs -> ~ In x xs -> NoDup (xs ++ [x]).
Proof.
  intros N I. induction N as [|y xs NI N IH]; simpl; [constructor; [intros []|constructor]|].
  constructor.
  - rewrite in_app_iff. intros [J|[E|[]]]; [auto|]. subst. apply I; left; auto.
  - apply IH. intro; apply I; right; auto.
Qed.

Lemma uncalled_same c c' : uncalled c -> (forall r, calls (did c' r) = calls (did c r)) ->
  (forall k, future (left c') (loops c') k -> future (left c) (loops c) k) -> uncalled c'.
Proof. intros U E F r. rewrite E. destruct (U r) as [N X]. split; auto. Qed.

Lemma uncalled_act s p o e x C C' K S S' V a : inv (cfg (Act s p o e x C) K S V) ->
  uncalled (cfg (Act s p o e x C) K S V) -> incl (places C') (places C) ->
  uncalled (cfg C' K S' (at_ V p (V p ++ [ACall (cpath K, s) o a]))).
Proof.
  intros [[NI W] A] U IN r; simpl in *. destruct (U r) as [N X]; simpl in *.
  assert (F : forall k, future C' K k -> future (Act s p o e x C) K k).
  { intros k. apply future_mono. simpl. apply incl_tl, IN. }
  destruct (Nat.eq_dec r p) as [->|D]; [|rewrite at_other by auto; split; auto].
  rewrite at_same, calls_app; simpl. assert (Y : ~ In (cpath K, s) (calls (V p))).
  { apply X. left. split; simpl; auto. exists []; auto. }
  split; [apply nodup_snoc; auto|].
  intros ts t FU. rewrite in_app_iff. intros [J|[E|[]]]; [apply (X ts t); auto|]. inversion E; subst.
  destruct FU as [[_ J]|L]; [apply NI, IN, J|].
  apply (@not_later K _ _ (cpath K, t, p, p) [] A); simpl; auto.
Qed.

Lemma uncalled_step c c' : cstep c c' -> inv c -> uncalled c -> uncalled c'.
Proof.
  intros H I U; destruct H.
  - eapply uncalled_same; eauto; simpl.
    + intros r. destruct (Nat.eq_dec r q) as [->|D].
      { rewrite at_same, calls_app; destruct v; simpl; now rewrite app_nil_r. }
      rewrite at_other by auto. destruct (Nat.eq_dec r p) as [->|D']; [|now rewrite at_other].
      rewrite at_same, calls_app; destruct v; simpl; now rewrite app_nil_r.
    + intros k. apply future_mono. simpl. apply incl_tl, incl_refl.
  - eapply uncalled_act; eauto using incl_refl.
  - eapply uncalled_act; eauto. intros ? [].
  - eapply uncalled_same; eauto; simpl.
    intros r. destruct (Nat.eq_dec r p) as [->|D]; [rewrite at_same, calls_app; simpl; now rewrite app_nil_r|].
    now rewrite at_other.
  - eapply uncalled_same; eauto.
  - eapply uncalled_same; eauto; simpl. intros k. apply future_mono.
    destruct b; simpl; [apply incl_appl|apply incl_appr]; apply incl_refl.
  - eapply uncalled_same; eauto; simpl. apply future_loop.
  - eapply uncalled_same; eauto; simpl. apply future_again.
  - eapply uncalled_same; eauto; simpl. intros k FU; right; simpl. right. exact FU.
Qed.

Theorem calls_once C S N c : starts C S N -> cruns (begun C S) c -> forall r, NoDup (calls (did c r)).
Proof.
  intros ST R. assert (X : uncalled c); [|intros r; apply X].
  remember (begun C S) as b eqn:E. induction R as [|b' d d' R IH H]; subst.
  - intros r; simpl. split; [constructor|auto].
  - destruct (follows_all R (begun_done ST)) as (n & N' & M' & _ & (I & _)). eapply uncalled_step; eauto.
Qed.

(** A move to several receivers gives each of them the sender's value. *)
Theorem share_gives s p e qs x C K S V : ~ In p qs -> NoDup qs ->
  exists c, cruns (cfg (share s p e qs x C) K S V) c /\ left c = C /\ loops c = K /\
    forall r, holds c r = if mem r (p :: qs) then upd (S r) x (eval e (S p)) else S r.
Proof.
  revert S V. induction qs as [|q qs IH]; intros S V NI ND.
  - eexists. split; [econstructor; [constructor|apply CLet]|]. simpl. repeat split; auto.
    intros r. destruct (Nat.eqb_spec r p); subst; auto.
  - inversion ND as [|? ? NQ ND']; subst. simpl in NI.
    assert (NI' : ~ In p qs) by tauto. assert (QP : q <> p) by (intro; subst; tauto).
    edestruct (IH (at_ S q (upd (S q) x (eval e (S p))))
      (at_ (at_ V p (V p ++ [ASend q (eval e (S p))])) q (V q ++ [ARecv p (eval e (S p))])) NI' ND')
      as (c & R & E1 & E2 & H).
    exists c. split; [|split; [auto|split; [auto|]]].
    + clear - R. remember (cfg (share s p e qs x C) K _ _) as a eqn:Ea. induction R; subst.
      * econstructor; [constructor|].
        exact (@CMsg eval ask s p (Some e) None q (Some x) (share s p e qs x C) K S V _ eq_refl).
      * econstructor; eauto.
    + intros r. rewrite H, (at_other _ _ (fun E => QP (eq_sym E))). simpl. destruct (Nat.eqb_spec r q) as [->|D].
      * rewrite at_same. destruct (Nat.eqb_spec q p); [congruence|]. simpl.
        destruct (mem q qs) eqn:F; [apply mem_in in F; contradiction|auto].
      * rewrite at_other by auto. reflexivity.
Qed.
End Ends.
Print Assumptions projection.
