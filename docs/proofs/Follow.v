(** The network follows its choreography: whatever step the choreography takes, the local programs that stand where it
    does can take it together and stand where it does then ([follows]). What every schedule does is in Ends.v. *)
Require Import List Arith Bool PeanoNat Lia FunctionalExtensionality.
Require Import Acc Merge Steps.
Import ListNotations.
Set Implicit Arguments.

Section Follow.
Variable eval : expr -> store -> val.
Variable ask : role -> path * site -> op -> val -> option val.
Notation lstep := (lstep eval ask).
Notation nstep := (nstep eval ask).
Notation steps := (steps eval ask).
Notation step := (step eval ask).
Notation terminal := (terminal eval ask).
Notation cstep := (cstep eval ask).
Notation cruns := (cruns eval ask).

(** ** Several roles take a step of their own *)
Definition go (M : medium) (r : role) (l : lst) : lst := match lstep r M l with Some (l', None) => l' | _ => l end.

Lemma mem_nodup r rs : mem r (nodup Nat.eq_dec rs) = mem r rs.
Proof.
  destruct (mem r rs) eqn:E.
  - apply mem_in, nodup_In, mem_in; auto.
  - destruct (mem r (nodup Nat.eq_dec rs)) eqn:F; auto. apply mem_in, nodup_In, mem_in in F. congruence.
Qed.

Lemma many rs M : forall N, exists n N', steps n (N, M) (N', M) /\
  forall r, N' r = if mem r rs then go M r (N r) else N r.
Proof.
  assert (H : forall rs, NoDup rs -> forall N, exists n N', steps n (N, M) (N', M) /\
    forall r, N' r = if mem r rs then go M r (N r) else N r).
  { clear rs. induction rs as [|r rs IH]; intros ND N; [exists 0, N; split; [constructor|reflexivity]|].
    inversion ND as [|? ? NI ND']; subst. destruct (IH ND' (setr N r (go M r (N r)))) as (n & N' & S & E).
    assert (E' : forall r', N' r' = if mem r' (r :: rs) then go M r' (N r') else N r').
    { intros r'. rewrite E. simpl. destruct (Nat.eqb_spec r' r) as [->|D].
      - destruct (mem r rs) eqn:F; [apply mem_in in F; contradiction|]. now rewrite setr_same.
      - rewrite setr_other by auto; reflexivity. }
    unfold go in S at 1. destruct (lstep r M (N r)) as [[l' [w|]]|] eqn:L.
    - exists n, N'. split; auto. replace N with (setr N r (N r)) at 1; auto.
      extensionality r'. unfold setr. destruct (Nat.eqb_spec r' r); congruence.
    - exists (Datatypes.S n), N'. split; auto. econstructor; [|exact S]. exists r.
      exact (@NStep eval ask N M r l' None L I).
    - exists n, N'. split; auto. replace N with (setr N r (N r)) at 1; auto.
      extensionality r'. unfold setr. destruct (Nat.eqb_spec r' r); congruence. }
  intros N. destruct (H _ (NoDup_nodup Nat.eq_dec rs) N) as (n & N' & S & E). exists n, N'; split; auto.
  intros r. rewrite E, mem_nodup. reflexivity.
Qed.

Lemma at_same A (f : role -> A) r a : at_ f r a r = a.
Proof. unfold at_; now rewrite Nat.eqb_refl. Qed.
Lemma at_other A (f : role -> A) r r' a : r' <> r -> at_ f r a r' = f r'.
Proof. unfold at_; intros; destruct (Nat.eqb_spec r' r); congruence. Qed.

Lemma one N M r l' : lstep r M (N r) = Some (l', None) -> step (N, M) (setr N r l', M).
Proof. intros H. exists r. exact (@NStep eval ask N M r l' None H I). Qed.

(** *** The network follows each step of the choreography. *)
Lemma pj_send s p e l q x C P : p <> q -> pj P p (Msg s p e l q x C) -> exists P', P = PSend s q e l P' /\ pj P' p C.
Proof.
  intros D (P' & E & M); simpl in E. destruct (proj p C) as [P0|] eqn:J; simpl in E; try discriminate.
  unfold eqn in E; rewrite Nat.eqb_refl in E. inversion E; subst. inversion M; subst; simpl in *; try discriminate.
  eexists; split; [reflexivity|]. exists P0; auto.
Qed.
Lemma pj_other s p e l q x C P r : r <> p -> r <> q -> pj P r (Msg s p e l q x C) -> pj P r C.
Proof.
  intros D D' (P' & E & M); simpl in E. destruct (proj r C) as [P0|] eqn:J; simpl in E; try discriminate.
  unfold eqn in E. destruct (Nat.eqb_spec r p), (Nat.eqb_spec r q); try congruence. inversion E; subst. exists P'; auto.
Qed.
(** Who waits for a message takes it, whatever else it could take. *)
Lemma pj_receive s p e l q x C P M K st vw v : p <> q -> pj P q (Msg s p e l q x C) ->
  M (pathof K, s, p, q) = Some (v, l) ->
  exists P', lstep q M (mk P K st vw) = Some (mk P' K (bind x v st) (vw ++ seen (ARecv p) v), None) /\ pj P' q C.
Proof.
  intros D (P' & E & H) EM; simpl in E. destruct (proj q C) as [P0|] eqn:J; simpl in E; try discriminate.
  unfold eqn in E. destruct (Nat.eqb_spec q p); [congruence|]. rewrite Nat.eqb_refl in E.
  destruct l as [l|]; inversion E; subst; clear E.
  - destruct (@more_arms _ _ s p H eq_refl) as (HP & G & A).
    assert (GL : get l P = Some x) by (apply G; simpl; now rewrite Nat.eqb_refl).
    exists (arm l P). split.
    + destruct P; try discriminate HP; try discriminate GL.
      inversion HP; subst. cbv beta iota delta [Acc.lstep]. rewrite EM, GL. reflexivity.
    + exists P0; split; auto. assert (X : more (arm l P) (arm l (PArm s p l x P0 (PNo s p)))).
      { apply A. simpl. rewrite Nat.eqb_refl. discriminate. }
      simpl in X. rewrite Nat.eqb_refl in X. exact X.
  - inversion H; subst; simpl in *; try discriminate. rewrite EM. eexists; split; [reflexivity|]. exists P0; auto.
Qed.

Definition done (c : conf) (N : net) (M : medium) := inv c /\ stands c N /\ fresh c M.

Lemma follow_msg s p e l q x C K S V N M v : v = option_map (fun e => eval e (S p)) e ->
  done (cfg (Msg s p e l q x C) K S V) N M ->
  exists n N' M', steps n (N, M) (N', M') /\
    done (cfg C K (at_ S q (bind x v (S q))) (at_ (at_ V p (V p ++ seen (ASend q) v)) q (V q ++ seen (ARecv p) v))) N'
      M'.
Proof.
  intros EV (I & T & F). pose proof I as [W A]. simpl in W, A. destruct W as (D & NI & W).
  assert (Fp : follows_turns p K = true) by (eapply acting_follows; [exact A|]; simpl; unfold eqn;
    now rewrite Nat.eqb_refl).
  assert (Fq : follows_turns q K = true)
    by (eapply acting_follows; [exact A|]; simpl; unfold eqn; rewrite Nat.eqb_refl; now rewrite orb_true_r).
  destruct (T p) as (P & KP & EP & SP); destruct (T q) as (Q & KQ & EQ & SQ); simpl in EP, SP, EQ, SQ.
  pose proof (@stand_path K _ _ p _ _ _ A Fp SP) as PP; pose proof (@stand_path K _ _ q _ _ _ A Fq SQ) as PQ.
  destruct (@stand_in p _ K P KP Fp SP) as [JP RP]; destruct (@stand_in q _ K Q KQ Fq SQ) as [JQ RQ].
  destruct (pj_send D JP) as (P' & -> & JP').
  set (k := (cpath K, s, p, q)). set (M1 := put M k (v, l)).
  set (N1 := setr N p (mk P' KP (S p) (V p ++ seen (ASend q) v))).
  assert (X1 : step (N, M) (N1, M1)).
  { exists p. assert (L : lstep p M (N p) = Some (mk P' KP (S p) (V p ++ seen (ASend q) v), Some (k, (v, l)))).
    { rewrite EP; simpl. now rewrite <- EV, PP. }
    refine (@NStep eval ask N M p _ (Some (k, (v, l))) L _). left. apply F. left. split; simpl; auto. exists []; auto. }
  destruct (@pj_receive s p e l q x C Q M1 KQ (S q) (V q) v D JQ) as (Q' & LQ & JQ').
  { unfold M1, k; rewrite PQ. apply put_same. }
  set (N2 := setr N1 q (mk Q' KQ (bind x v (S q)) (V q ++ seen (ARecv p) v))).
  assert (X2 : step (N1, M1) (N2, M1)).
  { apply one. unfold N1. rewrite setr_other by auto. now rewrite EQ. }
  exists 2, N2, M1. split; [econstructor; eauto; econstructor; eauto; constructor|].
  split; [|split].
  - split; simpl; auto. eapply around_mono; [| |exact A]; simpl; [apply incl_tl, incl_refl|].
    intros r ->. now rewrite !orb_true_r.
  - intros r; simpl. unfold N2, N1. destruct (Nat.eq_dec r q) as [->|Rq].
    + rewrite setr_same, !at_same. exists Q', KQ; auto.
    + rewrite setr_other, (at_other _ _ Rq), (at_other _ _ Rq) by auto. destruct (Nat.eq_dec r p) as [->|Rp].
      * rewrite setr_same, at_same. exists P', KP; auto.
      * rewrite setr_other, at_other by auto. destruct (T r) as (R & KR & ER & SR); simpl in ER, SR.
        exists R, KR; split; [exact ER|]. eapply stand_same; [|exact SR]. intros Z; apply pj_other; auto.
  - eapply fresh_put; eauto.
Qed.

(** One role takes a step by itself; several do. *)
Lemma solo p C C' K S S' V N M P KP P' st vw : S' = at_ S p st ->
  done (cfg C K S V) N M -> acts p C = true -> N p = mk P KP (S p) (V p) -> stand p C K P KP ->
  lstep p M (N p) = Some (mk P' KP st vw, None) -> pj P' p C' -> (forall r P, r <> p -> pj P r C -> pj P r C') ->
  wf C' -> incl (places C') (places C) -> (forall r, acts r C' = true -> acts r C = true) ->
  exists n N' M', steps n (N, M) (N', M') /\ done (cfg C' K S' (at_ V p vw)) N' M'.
Proof.
  intros -> ([W A] & T & F) ap EP SP L JP' O W' IN AC; simpl in W, A.
  assert (Fp : follows_turns p K = true) by (eapply acting_follows; [exact A|exact ap]).
    destruct (@stand_in p C K P KP Fp SP) as [_ RP].
  exists 1, (setr N p (mk P' KP st vw)), M. split; [econstructor; [apply one; exact L|constructor]|].
  split; [split; simpl; auto; eapply around_mono; [exact IN| |exact A]; exact AC|]. split.
  - intros r; simpl. destruct (Nat.eq_dec r p) as [->|D].
    + rewrite setr_same, !at_same. exists P', KP; auto.
    + rewrite setr_other, !at_other by auto. destruct (T r) as (R & KR & ER & SR); simpl in ER, SR.
      exists R, KR; split; [exact ER|]. eapply stand_same; [|exact SR]. intros Z; apply O; auto.
  - intros k H; apply F; simpl in *. eapply future_mono; eauto.
Qed.

Lemma group rs c c' N M : done c N M -> inv c' ->
  (forall r P KP, mem r rs = true -> N r = mk P KP (holds c r) (did c r) -> stand r (left c) (loops c) P KP ->
     exists P' KP', go M r (N r) = mk P' KP' (holds c' r) (did c' r) /\ stand r (left c') (loops c') P' KP') ->
  (forall r P KP, mem r rs = false -> stand r (left c) (loops c) P KP -> stand r (left c') (loops c') P KP) ->
  (forall r, mem r rs = false -> holds c' r = holds c r /\ did c' r = did c r) ->
  (forall k, future (left c') (loops c') k -> future (left c) (loops c) k) ->
  exists n N' M', steps n (N, M) (N', M') /\ done c' N' M'.
Proof.
  intros (I & T & F) I' G O E FU. destruct (many rs M N) as (n & N' & ST & EN).
  exists n, N', M. split; auto. split; auto. split.
  - intros r. rewrite EN. destruct (T r) as (P & KP & EP & SP). destruct (mem r rs) eqn:ME.
    + eapply G; eauto.
    + destruct (E r ME) as [-> ->]. exists P, KP; auto.
  - intros k H; apply F; auto.
Qed.

Lemma at_id A (f : role -> A) r : at_ f r (f r) = f.
Proof. extensionality r'. unfold at_. destruct (Nat.eqb_spec r' r); congruence. Qed.

Ltac start T p := destruct (T p) as (P & KP & EP & SP); simpl in EP, SP.
Ltac hyp H := let E := fresh "E" in let M' := fresh "M'" in let Y := fresh "Y" in destruct H as (Y & E & M');
  simpl in E.

Lemma pj_act s p o e x C P : pj P p (Act s p o e x C) -> exists P', P = PAct s o e x P' /\ pj P' p C.
Proof.
  intros (P' & E & M); simpl in E. destruct (proj p C) as [P0|] eqn:J; simpl in E; try discriminate.
  unfold eqn in E; rewrite Nat.eqb_refl in E. inversion E; subst. inversion M; subst; simpl in *; try discriminate.
  eexists; split; [reflexivity|]. exists P0; auto.
Qed.
Lemma pj_act_other s p o e x C P r : r <> p -> pj P r (Act s p o e x C) -> pj P r C.
Proof.
  intros D (P' & E & M); simpl in E. destruct (proj r C) as [P0|] eqn:J; simpl in E; try discriminate.
  unfold eqn in E. destruct (Nat.eqb_spec r p); try congruence. inversion E; subst. exists P'; auto.
Qed.
Lemma pj_halt P r : pj P r Halt.
Proof. exists PStop; split; simpl; auto. Qed.
Lemma pj_again P r : pj P r Again -> P = PAgain.
Proof. intros (P' & E & M); inversion E; subst; inversion M; subst; simpl in *; auto; discriminate. Qed.
Lemma pj_leave P r : pj P r Leave -> P = PLeave.
Proof. intros (P' & E & M); inversion E; subst; inversion M; subst; simpl in *; auto; discriminate. Qed.
Lemma pj_let rs x e C P r : pj P r (Let rs x e C) ->
  if mem r rs then exists P', P = PLet x e P' /\ pj P' r C else pj P r C.
Proof.
  intros (P' & E & M); simpl in E. destruct (proj r C) as [P0|] eqn:J; simpl in E; try discriminate.
  destruct (mem r rs); inversion E; subst; [|exists P'; auto].
  inversion M; subst; simpl in *; try discriminate. eexists; split; [reflexivity|]. exists P0; auto.
Qed.
(** Whether a role takes a branch by itself. *)
Definition forks (rs : list role) (C1 C2 : chor) (r : role) : bool :=
  mem r rs && match proj r C1, proj r C2 with
              | Some P, Some Q => match same P Q with Some _ => false | None => true end
              | _, _ => false
              end.
Lemma pj_if rs e C1 C2 P r : pj P r (If rs e C1 C2) ->
  if forks rs C1 C2 r then exists P1 P2, P = PIf e P1 P2 /\ pj P1 r C1 /\ pj P2 r C2 else pj P r C1 /\ pj P r C2.
Proof.
  intros (P' & E & M); simpl in E. unfold forks.
  destruct (proj r C1) as [Q1|] eqn:J1; try discriminate. destruct (proj r C2) as [Q2|] eqn:J2; try discriminate.
  assert (B : forall m, more m Q1 /\ more m Q2 -> Some m = Some P' -> pj P r C1 /\ pj P r C2).
  { intros m [G1 G2] X; inversion X; subst. split; [exists Q1|exists Q2]; split; auto; eapply more_trans; eauto. }
  destruct (mem r rs); simpl.
  - destruct (same Q1 Q2) as [m|] eqn:SM; [apply (B m); auto using same_sound|].
    inversion E; subst; clear E. inversion M; subst; simpl in *; try discriminate.
    eexists _, _; split; [reflexivity|]. split; [exists Q1|exists Q2]; auto.
  - destruct (merge Q1 Q2) as [m|] eqn:F; try discriminate. apply (B m); auto using merge_sound.
Qed.
Lemma pj_loop s rs B C P r : pj P r (Loop s rs B C) ->
  if mem r rs then exists PB PC, P = PLoop s PB PC /\ pj PB r B /\ pj PC r C else pj P r C.
Proof.
  intros (P' & E & M); simpl in E. destruct (proj r C) as [Q1|] eqn:J1; try discriminate. destruct (mem r rs).
  - destruct (proj r B) as [Q2|] eqn:J2; try discriminate. inversion E; subst; clear E.
    inversion M; subst; simpl in *; try discriminate.
    eexists _, _; split; [reflexivity|]. split; [exists Q2|exists Q1]; auto.
  - destruct (acts r B); inversion E; subst. exists P'; auto.
Qed.

(** *** The network takes each step of the choreography. *)
Theorem follows c c' N M : cstep c c' -> done c N M -> exists n N' M', steps n (N, M) (N', M') /\ done c' N' M'.
Proof.
  intros H D; pose proof D as (I & T & F); inversion H; subst; clear H; pose proof I as [W A]; simpl in W, A.
  - eapply follow_msg; eauto.
  - start T p. assert (ap : acts p (Act s p o e x C) = true) by (simpl; unfold eqn; now rewrite Nat.eqb_refl).
    assert (Fp : follows_turns p K = true) by (eapply acting_follows; [exact A|exact ap]).
      destruct (@stand_in p _ K P KP Fp SP) as [JP _].
    destruct (pj_act JP) as (P' & -> & JP').
    eapply solo; eauto using eq_sym, at_id; [rewrite EP; simpl; rewrite (@stand_path K _ _ p _ _ _ A Fp SP), H0;
      reflexivity|..].
    + intros; eapply pj_act_other; eauto.
    + apply W.
    + simpl. apply incl_tl, incl_refl.
    + intros r E; simpl. now rewrite E, orb_true_r.
  - start T p. assert (ap : acts p (Act s p o e x C) = true) by (simpl; unfold eqn; now rewrite Nat.eqb_refl).
    assert (Fp : follows_turns p K = true) by (eapply acting_follows; [exact A|exact ap]).
      destruct (@stand_in p _ K P KP Fp SP) as [JP _].
    destruct (pj_act JP) as (P' & -> & JP').
    eapply solo; eauto using eq_sym, at_id; [rewrite EP; simpl; rewrite (@stand_path K _ _ p _ _ _ A Fp SP), H0;
      reflexivity|..].
    all: try exact Logic.I; intros; try apply pj_halt; simpl in *; try contradiction; try discriminate.
    intros ? [].
  - start T p. assert (ap : acts p (Abort p e) = true) by (simpl; unfold eqn; now rewrite Nat.eqb_refl).
    assert (Fp : follows_turns p K = true) by (eapply acting_follows; [exact A|exact ap]).
      destruct (@stand_in p _ K P KP Fp SP) as [(P' & E & JP) _].
    simpl in E; unfold eqn in E; rewrite Nat.eqb_refl in E. inversion E; subst.
    assert (P = PAbort e) as -> by (inversion JP; subst; simpl in *; auto; discriminate).
    eapply solo; eauto using eq_sym, at_id; [rewrite EP; reflexivity|..].
    all: try exact Logic.I; intros; try apply pj_halt; simpl in *; try contradiction; try discriminate.
    intros ? [].
  - (* let *) eapply group with (rs := rs); eauto; simpl.
    + split; simpl; auto. eapply around_mono; [apply incl_refl| |exact A]. intros r E; simpl. now rewrite E, orb_true_r.
    + intros r P KP ME EP SP. assert (Fr : follows_turns r K = true) by (eapply acting_follows; [exact A|]; simpl;
      now rewrite ME).
      destruct (@stand_in r _ K P KP Fr SP) as [JP RP]. apply pj_let in JP. rewrite ME in JP.
      destruct JP as (P' & -> & JP'). rewrite EP, ME. exists P', KP; split; auto.
    + intros r P KP ME. apply stand_same. intros Q J. apply pj_let in J. now rewrite ME in J.
    + intros r ->; auto.
  - (* if *) destruct W as [W1 W2]. set (own := filter (fun r => forks rs C1 C2 r && follows_turns r K) rs).
    assert (OWN : forall r, mem r own = forks rs C1 C2 r && follows_turns r K).
    { intros r. destruct (mem r own) eqn:E.
      - apply mem_in in E. unfold own in E. apply filter_In in E. now destruct E as [_ ->].
      - destruct (forks rs C1 C2 r && follows_turns r K) eqn:E'; auto.
        assert (X : mem r own = true); [|congruence]. apply mem_in. unfold own. apply filter_In. split; auto.
        apply mem_in. unfold forks in E'. destruct (mem r rs); auto. }
    eapply group with (rs := own); eauto; simpl.
    + split; simpl; [destruct b; auto|]. eapply around_mono; [| |exact A].
      * destruct b; simpl; [apply incl_appl|apply incl_appr]; apply incl_refl.
      * intros r E; simpl. destruct b; rewrite E; auto. now rewrite orb_true_r.
    + intros r P KP ME EP SP. rewrite OWN in ME. apply andb_true_iff in ME as [ME Fr].
      destruct (@stand_in r _ K P KP Fr SP) as [JP RP]. apply pj_if in JP. rewrite ME in JP.
      destruct JP as (P1 & P2 & -> & J1 & J2). assert (MR : mem r rs = true).
      { unfold forks in ME. destruct (mem r rs); auto. }
      rewrite EP. unfold go; simpl. rewrite (H1 r) by (apply mem_in; auto).
      destruct b; [exists P1|exists P2]; exists KP; auto.
    + intros r P KP ME SP. rewrite OWN in ME. destruct (follows_turns r K) eqn:Fr; [|eapply stand_out; eauto].
      rewrite andb_true_r in ME. eapply stand_same; [|exact SP]. intros Q J. apply pj_if in J. rewrite ME in J.
      destruct b; tauto.
    + intros k. apply future_mono. destruct b; simpl; [apply incl_appl|apply incl_appr]; apply incl_refl.
  - (* loop *) destruct W as (WB & WC & AP & AC). eapply group with (rs := rs); eauto; simpl.
    + split; simpl; auto. repeat split; auto using incl_refl.
    + intros r P KP ME EP SP. assert (Fr : follows_turns r K = true) by (eapply acting_follows; [exact A|]; simpl;
      now rewrite ME).
      destruct (@stand_in r _ K P KP Fr SP) as [JP RP]. apply pj_loop in JP. rewrite ME in JP.
      destruct JP as (PB & PC & -> & JB & JC). rewrite EP, ME. exists PB, (fr s PB PC 1 :: KP). split; auto.
      exists PB, PC, KP; auto.
    + intros r P KP ME. rewrite ME. apply stand_same. intros Q J. apply pj_loop in J. now rewrite ME in J.
    + intros k. apply future_loop.
  - (* again *) eapply group with (rs := rs); eauto; simpl.
    + destruct A as (WB & WC & _ & AP & AC & AB & A). split; simpl; auto. repeat split; auto using incl_refl.
    + intros r P KP ME EP SP. rewrite ME in *. destruct SP as (PB & PR & KP' & -> & JP & JB & SR).
      apply pj_again in JP; subst. rewrite EP. exists PB, (fr s PB PR (Datatypes.S t) :: KP'). split; auto.
      exists PB, PR, KP'; auto.
    + intros r P KP ME. rewrite ME. auto.
    + intros k. apply future_again.
  - (* leave *) eapply group with (rs := cwho f); eauto; simpl.
    + destruct A as (WB & WC & _ & AP & AC & AB & A). split; simpl; auto.
      eapply around_mono; [| |exact A]; [apply incl_appr, incl_refl|]. intros r E; simpl. now rewrite E, orb_true_r.
    + intros r P KP ME EP SP. rewrite ME in SP. destruct SP as (PB & PR & KP' & -> & JP & JB & SR).
      apply pj_leave in JP; subst. rewrite EP. exists PR, KP'. auto.
    + intros r P KP ME. rewrite ME. auto.
    + intros k [U|L]; right; simpl; auto.
Qed.
End Follow.
