(** * Proofs about the session protocol

    The theorems stand at the end. They are about every state that the rules of Saga.v reach from the first one. The
    invariant before them is what makes the induction go through. The first lemmas of [Facts] say why it holds. *)

Require Import List Arith PeanoNat Bool Lia.
Import ListNotations.
Require Import Accompanist.Saga.

Lemma put_same (A : Type) (f : role -> A) r a : put f r a r = a.
Proof. unfold put; now rewrite Nat.eqb_refl. Qed.

Section Saga.
Variable i o : role.
Variable roles : list role.
Variable T : role -> list role.
Variable stays : site -> bool.
Local Notation step := (Saga.step i o T stays).
Local Notation reach := (Saga.reach i o roles T stays).
Local Notation first := (Saga.first o roles).
Local Notation Cl := (Saga.Cl i).
Local Notation ends := (Saga.ends i T).
Local Notation tells := (Saga.tells i T).

(** ** The invariant *)

Lemma Cl_mono c c' q : (forall p x, In x (c p) -> In x (c' p)) -> Cl c q -> Cl c' q.
Proof. intros H C; induction C; [apply Cl0|eapply ClS]; eauto. Qed.

(** Whatever goes back, some role has begun it. *)
Definition why (s : st) := exists r, own s r = true.

(** The initiator counts this role when it settles. *)
Definition counted (s : st) (r : role) := r = i \/ Cl (con s) r.

Record inv (s : st) : Prop := {
  i_rb : forall r, ph s r = Running -> begun s r = true;
  i_bi : forall r, begun s r = true -> ph s r <> Idle;
  i_cb : forall p x, In x (con s p) -> begun s p = true;
  i_ct : forall p x, In x (con s p) -> p <> i -> In x (T p);
  i_xb : forall r k, In k (exec s r) -> begun s r = true;
  i_xn : forall r, NoDup (exec s r);
  i_xp : forall r k, In k (exec s r) -> stays k = true -> passed s = true;
  i_ux : forall r k, In k (undone s r) -> In k (exec s r);
  i_hu : forall r k, In k (hand s r) -> In k (undone s r);
  i_cl : forall r, begun s r = true -> counted s r;
  i_rc : req s = true -> In o (con s i);
  i_tb : forall r, vote s r = Some true -> begun s r = true;
  i_tr : forall r, vote s r = Some true -> ph s r <> Running;
  i_dt : forall r, ph s r = Done -> vote s r = Some true;
  i_st : forall r, ph s r = Settled -> vote s r = Some true;
  i_fk : forall r, vote s r = Some false -> back (ph s r);
  i_og : forall r, own s r = true -> granted s r = true;
  i_oc : forall r, own s r = true -> counted s r;
  i_ov : forall r, own s r = true -> r <> i -> vote s r <> Some true;
  i_om : forall r, own s r = true -> may s r = true;
  i_gw : forall r, granted s r = true -> why s;
  i_kw : forall r, back (ph s r) -> why s;
  i_aw : forall r, ab s r = true -> why s;
  i_sh : forall r, back (ph s r) -> exec s r <> [] -> shut s r = true;
  i_un : forall r, ph s r = Undone -> exec s r = rev (undone s r);
  i_ue : forall r, ph s r = Ended -> exec s r = rev (undone s r);
  i_ub : forall r k, In k (undone s r) -> back (ph s r);
  i_se : forall r, ph s r = Settled -> ph s i = Settled;
  i_sg : ph s i = Settled -> granted s i = false;
  i_all : ph s i = Settled -> forall q, Cl (con s) q -> vote s q = Some true;
  i_end : ph s i = Ended -> forall q, Cl (ends s) q -> ph s q = Undone \/ ph s q = Ended;
  i_ms : forall r, may s r = false -> shut s r = true -> why s;
  i_pm : passed s = true -> forall r, may s r = false;
}.

Lemma inv_first : inv first.
Proof.
  constructor; cbn; intros; try tauto; try congruence; try discriminate; auto.
  - constructor.
Qed.

Section Facts.
Variable s : st.
Hypothesis I : inv s.

Lemma counted_ends r : Cl (con s) r -> Cl (ends s) r.
Proof.
  apply Cl_mono. intros p x X. unfold ends. destruct (Nat.eqb_spec p i); subst.
  - apply in_or_app; now right.
  - now apply (i_ct s I).
Qed.

(** The heart of agreement: where the initiator is done, has granted nothing, and all that it counts have voted done,
    there is no cause to go back. *)
Lemma agree_ : ph s i = Done \/ ph s i = Settled -> granted s i = false ->
  (forall q, Cl (con s) q -> vote s q = Some true) -> ~ why s.
Proof.
  intros P G A (x & O). destruct (Nat.eq_dec x i) as [->|N].
  - rewrite (i_og s I _ O) in G; discriminate.
  - destruct (i_oc s I _ O) as [->|C]; [congruence|]. exact (i_ov s I _ O N (A _ C)).
Qed.
Lemma settled_why : ph s i = Settled -> ~ why s.
Proof. intros S. apply agree_; [now right|now apply (i_sg s I)|now apply (i_all s I)]. Qed.
Lemma passed_why : passed s = true -> ~ why s.
Proof. intros P (x & O). pose proof (i_om s I _ O) as H. rewrite (i_pm s I P) in H; discriminate. Qed.
(** The heart of the commit point: where it is passed, there is no cause to go back. *)
Lemma commit_ : granted s o = false -> (forall r, r <> o -> may s r = false) -> ~ why s.
Proof.
  intros G M (x & O). destruct (Nat.eq_dec x o) as [->|N].
  - rewrite (i_og s I _ O) in G; discriminate.
  - pose proof (i_om s I _ O) as H. rewrite (M _ N) in H; discriminate.
Qed.
Lemma settled_quiet r : ph s i = Settled -> ph s r = Running -> False.
Proof.
  intros S R. destruct (i_cl s I r (i_rb s I r R)) as [->|C]; [congruence|].
  exact (i_tr s I _ (i_all s I S _ C) R).
Qed.
Lemma ended_over r : ph s i = Ended -> begun s r = true -> ph s r = Undone \/ ph s r = Ended.
Proof.
  intros E B. destruct (i_cl s I r B) as [->|C]; auto. apply (i_end s I); auto. now apply counted_ends.
Qed.
Lemma idle_blank r : ph s r = Idle -> begun s r = false.
Proof. intros P. destruct (begun s r) eqn:B; auto. exfalso. exact (i_bi s I _ B P). Qed.
Lemma unbegun_list r : begun s r = false -> exec s r = rev (undone s r).
Proof.
  intros P.
  destruct (exec s r) as [|k l] eqn:E.
  - destruct (undone s r) as [|k l] eqn:U; auto.
    assert (X : In k (exec s r)) by (apply (i_ux s I); rewrite U; now left). rewrite E in X. destruct X.
  - rewrite (i_xb s I r k) in P; [discriminate|]. rewrite E; now left.
Qed.
Lemma untouched_list r : untouched s r -> exec s r = rev (undone s r).
Proof.
  intros [P|[_ E]].
  - apply unbegun_list. now apply idle_blank.
  - rewrite E. destruct (undone s r) as [|k l] eqn:U; auto.
    assert (X : In k (exec s r)) by (apply (i_ux s I); rewrite U; now left). rewrite E in X. destruct X.
Qed.
Lemma untouched_exec r : untouched s r -> exec s r = [].
Proof.
  intros [P|[_ E]]; auto. apply idle_blank in P. destruct (exec s r) as [|k l] eqn:E; auto.
  rewrite (i_xb s I r k) in P; [discriminate|]. rewrite E; now left.
Qed.
End Facts.

Ltac cases := unfold put in *; repeat match goal with
  | |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b); subst
  | H : context [Nat.eqb ?a ?b] |- _ => destruct (Nat.eqb_spec a b); subst
  end; try discriminate; try contradiction; try congruence.

Lemma why_step s s' : step s s' -> why s -> why s'.
Proof.
  intros ST (x & O). exists x. destruct ST; unfold to_abort_vote; try destruct (vote s r); cbn; auto; cases.
Qed.

Lemma counted_step s s' r : step s s' -> counted s r -> counted s' r.
Proof.
  intros ST [->|C]; [now left|right]. eapply Cl_mono; [|exact C].
  intros p x X. destruct ST; unfold to_abort_vote; try destruct (vote s r0); cbn; auto; cases; simpl; auto.
Qed.

Ltac new p := let t := type of p in lazymatch goal with H : t |- _ => fail | _ => pose proof p end.
(** Adds what the invariant says of the facts that are there. *)
Ltac learn s I := repeat match goal with
  | V : vote s ?r = Some false |- _ => new (i_fk s I r V)
  | V : vote s ?r = Some true |- _ => new (i_tr s I r V)
  | V : vote s ?r = Some true |- _ => new (i_tb s I r V)
  | V : In ?k (undone s ?r) |- _ => new (i_ub s I r k V)
  | V : In ?k (exec s ?r) |- _ => new (i_xb s I r k V)
  | V : In ?x (con s ?p) |- _ => new (i_cb s I p x V)
  | V : ph s ?r = Settled |- _ => new (i_se s I r V)
  | V : ph s ?r = Running |- _ => new (i_rb s I r V)
  | V : ph s ?r = Done |- _ => new (i_dt s I r V)
  | V : begun s ?r = true |- _ => new (i_bi s I r V)
  | V : own s ?r = true |- _ => new (i_og s I r V)
  | V : own s ?r = true |- _ => new (i_om s I r V)
  | H : _ \/ _ |- _ => destruct H
  | H : _ /\ _ |- _ => destruct H
  end.
Ltac clash := repeat match goal with P : ph ?s ?r = ?p, B : context [ph ?s ?r] |- _ =>
  lazymatch B with P => fail | _ => rewrite P in B end end; simpl in *; try contradiction; try congruence.

(** The parts of the invariant that a step leaves as they are; in the order of [inv]. *)
Ltac split_ s I := constructor;
  [ try exact (i_rb s I) | try exact (i_bi s I) | try exact (i_cb s I) | try exact (i_ct s I)
  | try exact (i_xb s I) | try exact (i_xn s I) | try exact (i_xp s I) | try exact (i_ux s I) | try exact (i_hu s I)
  | try exact (i_cl s I) | try exact (i_rc s I) | try exact (i_tb s I) | try exact (i_tr s I) | try exact (i_dt s I)
  | try exact (i_st s I) | try exact (i_fk s I) | try exact (i_og s I) | try exact (i_oc s I)
  | try exact (i_ov s I) | try exact (i_om s I) | try exact (i_gw s I) | try exact (i_kw s I)
  | try exact (i_aw s I) | try exact (i_sh s I) | try exact (i_un s I) | try exact (i_ue s I)
  | try exact (i_ub s I) | try exact (i_se s I) | try exact (i_sg s I) | try exact (i_all s I)
  | try exact (i_end s I) | try exact (i_ms s I) | try exact (i_pm s I) ].
Ltac by_ s I := first
  [ eapply (i_rb s I); eassumption | eapply (i_bi s I); eassumption | eapply (i_cb s I); eassumption
  | eapply (i_ct s I); eassumption | eapply (i_xb s I); eassumption | eapply (i_xn s I); eassumption
  | eapply (i_ux s I); eassumption | eapply (i_hu s I); eassumption | eapply (i_tb s I); eassumption
  | eapply (i_tr s I); eassumption | eapply (i_dt s I); eassumption | eapply (i_st s I); eassumption
  | eapply (i_fk s I); eassumption | eapply (i_og s I); eassumption | eapply (i_ov s I); eassumption
  | eapply (i_om s I); eassumption | eapply (i_sh s I); eassumption | eapply (i_un s I); eassumption
  | eapply (i_ue s I); eassumption | eapply (i_ub s I); eassumption | eapply (i_se s I); eassumption
  | eapply (i_sg s I); eassumption | eapply (i_all s I); eassumption | eapply (i_end s I); eassumption
  | eapply (i_pm s I); eassumption ].

Lemma NoDup_snoc (A : Type) (k : A) l : NoDup l -> ~ In k l -> NoDup (l ++ [k]).
Proof.
  intros N X. apply NoDup_rev in N. rewrite <- (rev_involutive (l ++ [k])), rev_app_distr. apply NoDup_rev.
  simpl. constructor; auto. now rewrite <- in_rev.
Qed.

(** Where the initiator has ended, a step of another role leaves all that it counts over. *)
Ltac over_ s I := let E := fresh in let q := fresh in let X := fresh in
  intros E q X; change (Cl (ends s) q) in X; unfold put in *;
  repeat match goal with
    | |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b); subst
    | H : context [Nat.eqb ?a ?b] |- _ => destruct (Nat.eqb_spec a b); subst
    end; try discriminate; try congruence;
  destruct (i_end s I E _ X); try congruence; auto; intuition congruence.

Lemma inv_step s s' : step s s' -> inv s -> inv s'.
Proof.
  intros ST I. pose proof (why_step s s' ST) as W. pose proof (fun r => counted_step s s' r ST) as C.
  assert (BK : forall r p, ph s r = p -> back p -> back (ph s r)) by (intros ? ? ->; auto).
  pose proof (i_gw s I) as GW. pose proof (i_kw s I) as KW. pose proof (i_aw s I) as AW. pose proof (i_ms s I) as MS.
  pose proof (settled_why s I) as SW. pose proof (passed_why s I) as PW. pose proof (commit_ s I) as CW.
  pose proof (settled_quiet s I) as SQ. pose proof (ended_over s I) as EO.
  pose proof (i_cl s I) as CL. pose proof (i_oc s I) as OC.
  destruct ST; unfold to_abort_vote in *;
    try match goal with |- context [match vote s ?r with _ => _ end] => destruct (vote s r) as [[|]|] eqn:V end;
    cbn in W, C; split_ s I; cbn; idtac.
  all: try (intros ? B; exact (W (KW _ B))); try (intros ? B; exact (W (GW _ B)));
    try (intros ? B; exact (W (AW _ B))); try (intros ? M B; exact (W (MS _ M B)));
    try (intros ? B; exact (C _ (CL _ B))); try (intros ? B; exact (C _ (OC _ B))).
  all: try solve [intros; cases; by_ s I].
  all: try solve [intros; cases; learn s I; clash; auto].
  all: try solve [intros; apply W; cases; eauto 3].
  (* who was over, is *)
  all: try solve [over_ s I].
  (* a list grows at its end *)
  all: try solve [intros r0; cases; [apply NoDup_snoc; auto; apply (i_xn s I)|apply (i_xn s I)]].
  (* a role goes on with going back *)
  all: try solve [intros r0 B G; cases; try by_ s I; apply (i_sh s I); auto; eapply BK; [eassumption|simpl; auto]].
  all: try solve [intros r0 B G; cases; [rewrite (untouched_exec s I) in G; congruence|now apply (i_sh s I)]].
  all: try solve [intros ? B; exists o; cbn; apply put_same].
  all: try solve [intros r0 k0 B; pose proof (i_ux s I _ _ B); unfold put; destruct (Nat.eqb_spec r0 r); subst; auto;
    apply in_or_app; auto].
  - (* start *) intros r B. cases; [now left|]. exact (C _ (CL _ B)).
  - (* begin *) intros r B. cases; [|exact (C _ (CL _ B))]. right. cbn.
    destruct (CL _ (i_cb s I _ _ H)) as [->|X]; [now apply Cl0|eapply ClS; eauto].
  - (* execute *) intros r0 k0 X S. cases; [|exact (i_xp s I _ _ X S)]. apply in_app_or in X.
    destruct X as [X|[->|[]]]; [exact (i_xp s I _ _ X S)|auto].
  - intros r0 B X. cases; [rewrite H in B; destruct B|now apply (i_sh s I)].
  - (* pivot *) intros r k0 B. pose proof (i_ux s I _ _ B). unfold put. destruct (Nat.eqb_spec r o); subst; auto.
    apply in_or_app; auto.
  - intros r B X. cases; [rewrite H in B; destruct B|now apply (i_sh s I)].
  - (* send *) intros p x X N. cases; [|eapply (i_ct s I); eauto]. destruct X as [->|X]; auto. eapply (i_ct s I); eauto.
  - intros R. apply (i_rc s I) in R. cases. now right.
  - intros S. exfalso. eapply SQ; eauto.
  - intros E. exfalso. destruct (EO _ E (i_rb s I _ H)); congruence.
  - (* vote_done *) intros r0 O N. cases; [|now apply (i_ov s I)]. rewrite (i_og s I _ O) in H1. discriminate.
  - (* grant *) intros r0 O. apply C. cases; [|now apply OC]. destruct H as [_ [H|[-> _]]]; [|now left].
    apply CL. now apply (i_rb s I).
  - intros r0 O N V. cases; [|exact (i_ov s I _ O N V)]. destruct H as [_ [H|[-> _]]]; [|congruence].
    exact (i_tr s I _ V H).
  - intros r0 O. cases; [|now apply (i_om s I)]. apply H.
  - intros r0 _. exists r. cbn. apply put_same.
  - intros S. cases; [|now apply (i_sg s I)]. destruct H as [_ [H|[_ H]]]; congruence.
  - (* keep *) intros S. cases; [|now apply (i_sg s I)]. destruct H0; congruence.
  - (* close *) intros r0 M B. apply W. cases; [|eauto]. destruct H as [G|[A|[F _]]]; eauto. congruence.
  - (* fail *) intros S. cases. exfalso. destruct H0 as [H0|[-> _]]; [|congruence]. eapply SQ; eauto.
  - (* bury *) intros r0 E. cases; [|now apply (i_ue s I)]. now apply untouched_list.
  - (* orphan *) intros r B. apply C. cases; [|now apply OC]. right. apply Cl0. now apply (i_rc s I).
  - intros r E. cases; [|now apply (i_ue s I)]. now apply untouched_list.
  - intros S q X. exfalso. cases. pose proof (i_all s I S o) as A. rewrite A in H2; [discriminate|].
    apply Cl0. now apply (i_rc s I).
  - (* spread *) intros r _. apply W. apply (KW i). destruct H as [-> | ->]; simpl; auto.
  - (* undo *) intros r0 k0 B. cases; [|now apply (i_ux s I)]. rewrite H0. apply in_app_or in B.
    apply in_or_app; right. destruct B as [B|[->|[]]]; [right; now apply -> in_rev|now left].
  - intros r0 k0 B. apply (i_hu s I) in B. cases. apply in_or_app; auto.
  - intros r0 k0 B. cases; [|now apply (i_ub s I r0 k0)]. rewrite H; simpl; auto.
  - (* excuse *) intros r0 k0 B. cases; [|now apply (i_ux s I)]. rewrite H0. apply in_app_or in B.
    apply in_or_app; right. destruct B as [B|[->|[]]]; [right; now apply -> in_rev|now left].
  - intros r0 k0 B. cases; [|now apply (i_hu s I)]. apply in_app_or in B. apply in_or_app.
    destruct B as [B|B]; auto. left. now apply (i_hu s I).
  - intros r0 k0 B. cases; [|now apply (i_ub s I r0 k0)]. rewrite H; simpl; auto.
Qed.

Theorem invariant s : reach s -> inv s.
Proof. intros R; induction R; [apply inv_first|eapply inv_step; eauto]. Qed.

(** ** What is proved *)

(** Agreement. Where the initiator has settled, every role that has begun has voted done, no role goes back, none is
    told to, and nothing is undone. This holds in every state that follows, too: see [outcome_stays]. *)
Theorem settled_agrees s : reach s -> ph s i = Settled ->
  forall r, (begun s r = true -> vote s r = Some true) /\ ~ back (ph s r) /\ ab s r = false /\ undone s r = [].
Proof.
  intros R S r. pose proof (invariant s R) as I. pose proof (settled_why s I S) as N. repeat split.
  - intros B. destruct (i_cl s I r B) as [->|C]; [now apply (i_st s I)|now apply (i_all s I)].
  - intros B. apply N. eapply (i_kw s I); eauto.
  - destruct (ab s r) eqn:E; auto. exfalso. apply N. eapply (i_aw s I); eauto.
  - destruct (undone s r) as [|k l] eqn:E; auto. exfalso. apply N. apply (i_kw s I r).
    apply (i_ub s I r k). rewrite E; now left.
Qed.

(** All or compensated. Where the initiator has ended, everything that any role has executed is undone, in reverse
    order, and its door is shut; and no role that began is anywhere else than back. *)
Theorem ended_undone s : reach s -> ph s i = Ended ->
  forall r, exec s r = rev (undone s r) /\ (exec s r <> [] -> shut s r = true) /\ (begun s r = true -> back (ph s r)).
Proof.
  intros R E r. pose proof (invariant s R) as I.
  assert (O : begun s r = true -> ph s r = Undone \/ ph s r = Ended) by now apply (ended_over s I).
  assert (K : begun s r = true -> back (ph s r)) by (intros B; destruct (O B) as [-> | ->]; simpl; auto).
  destruct (begun s r) eqn:B; (split; [|split]); auto.
  - destruct O; auto; [now apply (i_un s I)|now apply (i_ue s I)].
  - intros X. now apply (i_sh s I); [apply K|].
  - now apply unbegun_list.
  - intros X. destruct (exec s r) as [|k l] eqn:L; [congruence|].
    rewrite (i_xb s I r k) in B; [discriminate|]. rewrite L; now left.
Qed.

(** Nor does anything follow: no step executes anything from then on. *)
Theorem ended_quiet s s' : reach s -> ph s i = Ended -> step s s' -> forall r, exec s' r = exec s r.
Proof.
  intros R E ST r. pose proof (invariant s R) as I.
  assert (N : forall r, ph s r = Running -> False).
  { intros x X. destruct (ended_over s I x E (i_rb s I x X)); congruence. }
  destruct ST; unfold to_abort_vote;
    try match goal with |- context [match vote s ?x with _ => _ end] => destruct (vote s x) end; cbn; auto;
    exfalso; eauto.
Qed.

(** Nothing is left: each effect is compensated by its worker, or an operator has marked it. *)
Corollary nothing_left s : reach s -> ph s i = Ended -> forall r k, In k (exec s r) -> In k (undone s r).
Proof. intros R E r k X. destruct (ended_undone s R E r) as [-> _] in X. now apply in_rev. Qed.

(** The commit point. Where it is passed, no role goes back, none is told to, no door is shut, and nothing is undone;
    so the saga can only go forward. It rests on the guard of [pivot] and [record]: the saga check. *)
Theorem committed_forward s : reach s -> passed s = true ->
  forall r, ~ back (ph s r) /\ ab s r = false /\ shut s r = false /\ granted s r = false /\ undone s r = [].
Proof.
  intros R P r. pose proof (invariant s R) as I. pose proof (passed_why s I P) as N. repeat split.
  - intros B. apply N. eapply (i_kw s I); eauto.
  - destruct (ab s r) eqn:E; auto. exfalso. apply N. eapply (i_aw s I); eauto.
  - destruct (shut s r) eqn:E; auto. exfalso. apply N. eapply (i_ms s I); eauto. now apply (i_pm s I).
  - destruct (granted s r) eqn:E; auto. exfalso. apply N. eapply (i_gw s I); eauto.
  - destruct (undone s r) as [|k l] eqn:E; auto. exfalso. apply N. apply (i_kw s I r).
    apply (i_ub s I r k). rewrite E; now left.
Qed.
(** Whoever goes back can undo all that it did: it did nothing that stays. *)
Theorem back_undoable s : reach s -> forall r r', back (ph s r) -> forall k, In k (exec s r') -> stays k = false.
Proof.
  intros R r r' B k X. pose proof (invariant s R) as I. destruct (stays k) eqn:S; auto. exfalso.
  apply (passed_why s I); [eapply (i_xp s I); eauto|eapply (i_kw s I); eauto].
Qed.
Corollary ended_uncommitted s : reach s -> ph s i = Ended -> passed s = false.
Proof.
  intros R E. destruct (passed s) eqn:P; auto. exfalso.
  destruct (committed_forward s R P i) as [B _]. apply B. rewrite E. simpl; auto.
Qed.

(** Each effect at most once. *)
Theorem effects_once s : reach s -> forall r, NoDup (exec s r).
Proof. intros R. apply (i_xn s (invariant s R)). Qed.

(** A vote is written once. *)
Theorem votes_once s s' : step s s' -> forall r v, vote s r = Some v -> vote s' r = Some v.
Proof.
  intros ST r v V. destruct ST; unfold to_abort_vote;
    try match goal with |- context [match vote s ?x with _ => _ end] => destruct (vote s x) eqn:O end; cbn; auto; cases.
Qed.

(** An outcome stays, and nothing begins behind a tombstone: a role that is over takes no step and executes nothing. *)
Theorem outcome_stays s s' : reach s -> step s s' -> forall r, ph s r = Settled \/ ph s r = Ended ->
  ph s' r = ph s r /\ exec s' r = exec s r /\ undone s' r = undone s r.
Proof.
  intros R ST r P. pose proof (invariant s R) as I. destruct ST; unfold to_abort_vote;
    try match goal with |- context [match vote s ?x with _ => _ end] => destruct (vote s x) eqn:O end; cbn; auto;
    unfold put; repeat split; auto;
    match goal with |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b); subst; auto end;
    exfalso; unfold untouched in *; intuition congruence.
Qed.

End Saga.

