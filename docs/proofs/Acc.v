(** The core calculus: choreographies, networks of local programs, merging and projection. Coq 8.16, standard library.

    Proved, for every choreography of the core: steps of two roles commute ([confluence]); merging gives a program that
    does what either program does ([merge_sound]); the network can follow the choreography to its end ([follows]);
    under every schedule it ends there, and each role has done what the choreography says, in its order
    ([projection]); nobody waits for ever ([deadlock_free]).

    The core has one role sending to one other, role calls, selections and branches. A message lies in the medium under
    (site, sender, receiver) and stays there, as in accompanist/model/networks.py. One axiom: functional extensionality.

    Not covered: aborts and calls that are declined, loops, procedures, a move to several receivers, selections that
    ride on a value, branches with several owners, and how selections are chosen (amend). *)
Require Import List Arith Bool PeanoNat Lia FunctionalExtensionality.
Import ListNotations.
Set Implicit Arguments.

Definition role := nat.  Definition var := nat.  Definition val := nat.  Definition site := nat.
Definition op := nat.
Definition store := var -> val.
Definition upd (s : store) (x : var) (v : val) : store := fun y => if Nat.eqb y x then v else s y.
Definition expr := nat.                 (* a local expression by number; [eval] gives its (pure) meaning *)

(** ** Choreographies (tail form) *)
Inductive chor :=
| End
| Com  (s : site) (p : role) (e : expr) (q : role) (x : var) (C : chor)
| Act  (s : site) (p : role) (o : op) (e : expr) (x : var) (C : chor)     (* local transaction at p *)
| Sel  (s : site) (p q : role) (l : bool) (C : chor)
| If   (p : role) (e : expr) (C1 C2 : chor).

(** ** Local programs *)
Inductive proc :=
| PEnd
| PSend (s : site) (q : role) (e : expr) (P : proc)
| PRecv (s : site) (p : role) (x : var) (P : proc)
| PAct  (s : site) (o : op) (e : expr) (x : var) (P : proc)
| PSel  (s : site) (q : role) (l : bool) (P : proc)
| PBra  (s : site) (p : role) (hl : bool) (L : proc) (hr : bool) (R : proc)   (* which labels it has *)
| PIf   (e : expr) (P Q : proc).

(** ** What a role does, seen by itself: theorem 3 compares views *)
Inductive act :=
| ASend (q : role) (v : val) | ARecv (p : role) (v : val) | ACall (s : site) (o : op) (a v : val).

(** ** Networks: a message is kept under its key for ever *)
Definition key := (site * role * role)%type.
Definition key_eqb (a b : key) : bool :=
  match a, b with ((s, p), q), ((s', p'), q') => Nat.eqb s s' && Nat.eqb p p' && Nat.eqb q q' end.
Lemma key_eqb_spec a b : reflect (a = b) (key_eqb a b).
Proof.
  destruct a as [[s p] q], b as [[s' p'] q']; simpl.
  destruct (Nat.eqb_spec s s'), (Nat.eqb_spec p p'), (Nat.eqb_spec q q'); simpl; constructor; congruence.
Qed.
Inductive msg := MVal (v : val) | MLab (l : bool).
Definition medium := key -> option msg.
Definition put (M : medium) (k : key) (m : msg) : medium := fun k' => if key_eqb k' k then Some m else M k'.

Record lst := mk { prog : proc; sto : store; view : list act }.
Definition net := role -> lst.
Definition setr (N : net) (r : role) (l : lst) : net := fun r' => if Nat.eqb r' r then l else N r'.

Section Sem.
Variable eval : expr -> store -> val.
Variable ask : role -> site -> op -> val -> val.      (* the workers' answers: a function of the question *)

(** One step of one role over the medium it reads: its next state, and what it writes. *)
Definition lstep (r : role) (M : medium) (l : lst) : option (lst * option (key * msg)) :=
  let '(mk P st vw) := l in
  match P with
  | PEnd => None
  | PSend s q e P => let v := eval e st in Some (mk P st (vw ++ [ASend q v]), Some ((s, r, q), MVal v))
  | PRecv s p x P =>
      match M (s, p, r) with
      | Some (MVal v) => Some (mk P (upd st x v) (vw ++ [ARecv p v]), None)
      | _ => None
      end
  | PAct s o e x P => let a := eval e st in let v := ask r s o a in
                      Some (mk P (upd st x v) (vw ++ [ACall s o a v]), None)
  | PSel s q l P => Some (mk P st vw, Some ((s, r, q), MLab l))
  | PBra s p hl L hr R =>
      match M (s, p, r) with
      | Some (MLab true)  => if hl then Some (mk L st vw, None) else None
      | Some (MLab false) => if hr then Some (mk R st vw, None) else None
      | _ => None
      end
  | PIf e P Q => Some (mk (if Nat.eqb (eval e st) 0 then Q else P) st vw, None)
  end.

Definition write (M : medium) (w : option (key * msg)) : medium :=
  match w with None => M | Some (k, m) => put M k m end.

Definition nstate := (net * medium)%type.
(** Write-once: INTEGRITY of the explorer. A write may not change what is there. *)
Definition wok (M : medium) (w : option (key * msg)) : Prop :=
  match w with None => True | Some (k, m) => M k = None \/ M k = Some m end.

Inductive nstep : nstate -> role -> nstate -> Prop :=
| NStep N M r l' w : lstep r M (N r) = Some (l', w) -> wok M w -> nstep (N, M) r (setr N r l', write M w).


(** *** Lemma 4 (confluence). Steps of one role are equal; steps of two roles commute. *)
Definition mle (M M' : medium) := forall k m, M k = Some m -> M' k = Some m.

Lemma lstep_mono r M M' l l' w : mle M M' -> lstep r M l = Some (l', w) -> lstep r M' l = Some (l', w).
Proof.
  intros H; destruct l as [P st vw]; destruct P; simpl; auto.
  - destruct (M (s, p, r)) as [[v|b]|] eqn:E; try discriminate. rewrite (H _ _ E); auto.
  - destruct (M (s, p, r)) as [[v|b]|] eqn:E; try discriminate; rewrite (H _ _ E); auto.
Qed.

Lemma write_mle M w : wok M w -> mle M (write M w).
Proof.
  intros H k m E; destruct w as [[k' m']|]; simpl in *; auto.
  unfold put; destruct (key_eqb_spec k k'); subst; auto.
  destruct H; congruence.
Qed.

Lemma lstep_key r M l l' k m : lstep r M l = Some (l', Some (k, m)) -> snd (fst k) = r.
Proof.
  destruct l as [P st vw]; destruct P; simpl; try discriminate.
  - intros H; inversion H; subst; reflexivity.
  - destruct (M (s, p, r)) as [[v|b]|]; discriminate.
  - intros H; inversion H; subst; reflexivity.
  - destruct (M (s, p, r)) as [[v|[|]]|]; try discriminate; [destruct hl|destruct hr]; discriminate.
Qed.

Lemma setr_same N r l : setr N r l r = l.
Proof. unfold setr; now rewrite Nat.eqb_refl. Qed.
Lemma setr_other N r r' l : r' <> r -> setr N r l r' = N r'.
Proof. unfold setr; intros; destruct (Nat.eqb_spec r' r); congruence. Qed.

Theorem confluence A r1 B1 r2 B2 :
  nstep A r1 B1 -> nstep A r2 B2 -> r1 <> r2 ->
  exists C, nstep B1 r2 C /\ nstep B2 r1 C.
Proof.
  intros H1 H2 D; inversion H1; subst; inversion H2; subst; clear H1 H2.
  assert (K : forall k1 m1 k2 m2, w = Some (k1, m1) -> w0 = Some (k2, m2) -> k1 <> k2).
  { intros; subst; intro; subst k2.
    repeat match goal with H : lstep _ _ _ = Some (_, Some _) |- _ => apply lstep_key in H end. congruence. }
  assert (W1 : wok (write M w0) w).
  { destruct w as [[k m]|]; simpl; auto. destruct w0 as [[k0 m0]|]; simpl; auto.
    unfold put. destruct (key_eqb_spec k k0); auto. exfalso; eapply K; eauto. }
  assert (W2 : wok (write M w) w0).
  { destruct w0 as [[k m]|]; simpl; auto. destruct w as [[k0 m0]|]; simpl; auto.
    unfold put. destruct (key_eqb_spec k k0); auto. exfalso; eapply K; eauto. }
  assert (EN : setr (setr N r2 l'0) r1 l' = setr (setr N r1 l') r2 l'0).
  { extensionality r. unfold setr. destruct (Nat.eqb_spec r r2), (Nat.eqb_spec r r1); congruence. }
  assert (EM : write (write M w0) w = write (write M w) w0).
  { extensionality k. destruct w as [[k1 m1]|], w0 as [[k2 m2]|]; simpl; auto.
    unfold put. destruct (key_eqb_spec k k2), (key_eqb_spec k k1); auto; subst; exfalso; eapply K; eauto. }
  exists (setr (setr N r1 l') r2 l'0, write (write M w) w0). split.
  - constructor; auto. rewrite setr_other by auto. eapply lstep_mono; [|eassumption]. now apply write_mle.
  - rewrite <- EN, <- EM. constructor; auto. rewrite setr_other by auto.
    eapply lstep_mono; [|eassumption]. now apply write_mle.
Qed.

Lemma step_det A r B B' : nstep A r B -> nstep A r B' -> B = B'.
Proof. intros H H'; inversion H; subst; inversion H'; subst; congruence. Qed.


(** ** Uniform confluence: one run to an end tells all runs *)
Definition step (A B : nstate) := exists r, nstep A r B.
Inductive steps : nat -> nstate -> nstate -> Prop :=
| S0 A : steps 0 A A
| SS n A B C : step A B -> steps n B C -> steps (S n) A C.
Definition terminal A := forall B, ~ step A B.

Lemma uc A B C : step A B -> step A C -> B = C \/ exists D, step B D /\ step C D.
Proof.
  intros [r H] [r' H']. destruct (Nat.eq_dec r r') as [->|D].
  - left; eapply step_det; eauto.
  - right. destruct (confluence H H' D) as [E [X Y]]. exists E; split; [exists r'|exists r]; auto.
Qed.

Lemma steps_strip n : forall A B T, step A B -> steps n A T -> terminal T ->
  exists m, n = S m /\ steps m B T.
Proof.
  induction n; intros A B T AB AT HT; inversion AT; subst.
  - exfalso; eapply HT; eauto.
  - exists n; split; auto. destruct (uc AB H0) as [->|[D [BD B0D]]]; auto.
    destruct (IHn _ _ _ B0D H1 HT) as [m [-> DT]]. econstructor; eauto.
Qed.

Theorem one_run_tells_all n A T : steps n A T -> terminal T ->
  forall m B, steps m A B -> exists k, n = m + k /\ steps k B T.
Proof.
  intros AT HT m; revert n A AT; induction m; intros n A AT B AB; inversion AB; subst.
  - exists n; auto.
  - destruct (steps_strip H0 AT HT) as [n' [-> X]]. destruct (IHm _ _ X _ H1) as [k [-> Y]].
    exists k; split; auto.
Qed.

(** ** Merging *)
Definition eqn (a b : nat) : bool := Nat.eqb a b.
Fixpoint merge (P Q : proc) : option proc :=
  let mo (h : bool) (f : proc -> option proc) (L : proc) (h' : bool) (L' : proc) : option (bool * proc) :=
    if h then (if h' then match f L' with Some m => Some (true, m) | None => None end else Some (true, L))
    else Some (h', L') in
  match P, Q with
  | PEnd, PEnd => Some PEnd
  | PSend s q e P, PSend s' q' e' Q =>
      if eqn s s' && eqn q q' && eqn e e' then option_map (PSend s q e) (merge P Q) else None
  | PRecv s p x P, PRecv s' p' x' Q =>
      if eqn s s' && eqn p p' && eqn x x' then option_map (PRecv s p x) (merge P Q) else None
  | PAct s o e x P, PAct s' o' e' x' Q =>
      if eqn s s' && eqn o o' && eqn e e' && eqn x x' then option_map (PAct s o e x) (merge P Q) else None
  | PSel s q l P, PSel s' q' l' Q =>
      if eqn s s' && eqn q q' && eqb l l' then option_map (PSel s q l) (merge P Q) else None
  | PBra s p hl L hr R, PBra s' p' hl' L' hr' R' =>
      if eqn s s' && eqn p p' then
        match mo hl (merge L) L hl' L', mo hr (merge R) R hr' R' with
        | Some (a, m), Some (b, n) => Some (PBra s p a m b n)
        | _, _ => None
        end
      else None
  | PIf e P Q, PIf e' P' Q' =>
      if eqn e e' then match merge P P', merge Q Q' with Some m, Some n => Some (PIf e m n) | _, _ => None end else None
  | _, _ => None
  end.

(** [more P Q]: P does what Q does, and knows what to do with further labels. *)
Inductive more : proc -> proc -> Prop :=
| MEnd : more PEnd PEnd
| MSend s q e P Q : more P Q -> more (PSend s q e P) (PSend s q e Q)
| MRecv s p x P Q : more P Q -> more (PRecv s p x P) (PRecv s p x Q)
| MAct s o e x P Q : more P Q -> more (PAct s o e x P) (PAct s o e x Q)
| MSel s q l P Q : more P Q -> more (PSel s q l P) (PSel s q l Q)
| MBra s p hl L hr R hl' L' hr' R' :
    (hl' = true -> hl = true) -> (hl' = true -> more L L') ->
    (hr' = true -> hr = true) -> (hr' = true -> more R R') ->
    more (PBra s p hl L hr R) (PBra s p hl' L' hr' R')
| MIf e P Q P' Q' : more P P' -> more Q Q' -> more (PIf e P Q) (PIf e P' Q').
Hint Constructors more : core.

Lemma more_refl P : more P P.
Proof. induction P; auto. Qed.
Hint Resolve more_refl : core.
Lemma more_trans P Q R : more P Q -> more Q R -> more P R.
Proof.
  intros H; revert R; induction H; intros Z HZ; inversion HZ; subst; auto.
Qed.

Ltac eqs := unfold eqn in *; repeat match goal with
  | H : (_ && _) = true |- _ => apply andb_true_iff in H; destruct H
  | H : Nat.eqb _ _ = true |- _ => apply Nat.eqb_eq in H; subst
  | H : eqb _ _ = true |- _ => apply eqb_prop in H; subst end.

(** *** Merge is sound: what it makes does what either program does. *)
Theorem merge_sound P : forall Q m, merge P Q = Some m -> more m P /\ more m Q.
Proof.
  induction P; intros Q m H; destruct Q; simpl in H; try discriminate.
  - inversion H; auto.
  - destruct (_ && _) eqn:E in H; try discriminate; eqs.
    destruct (merge P Q) eqn:F; try discriminate; inversion H; subst. destruct (IHP _ _ F); auto.
  - destruct (_ && _) eqn:E in H; try discriminate; eqs.
    destruct (merge P Q) eqn:F; try discriminate; inversion H; subst. destruct (IHP _ _ F); auto.
  - destruct (_ && _) eqn:E in H; try discriminate; eqs.
    destruct (merge P Q) eqn:F; try discriminate; inversion H; subst. destruct (IHP _ _ F); auto.
  - destruct (_ && _) eqn:E in H; try discriminate; eqs.
    destruct (merge P Q) eqn:F; try discriminate; inversion H; subst. destruct (IHP _ _ F); auto.
  - destruct (_ && _) eqn:E in H; try discriminate; eqs.
    destruct hl, hl0, hr, hr0; repeat match type of H with context [merge ?A ?B] => destruct (merge A B) eqn:? end;
      try discriminate; inversion H; subst;
      repeat match goal with
        | I : (forall Q m, merge P1 Q = Some m -> _), F : merge P1 _ = Some _ |- _ => apply I in F; destruct F
        | I : (forall Q m, merge P2 Q = Some m -> _), F : merge P2 _ = Some _ |- _ => apply I in F; destruct F end;
      split; constructor; intros; auto; discriminate.
  - destruct (eqn e e0) eqn:E; try discriminate; eqs.
    destruct (merge P1 Q1) eqn:F; try discriminate. destruct (merge P2 Q2) eqn:G; try discriminate.
    inversion H; subst. destruct (IHP1 _ _ F), (IHP2 _ _ G); auto.
Qed.

(** ** Projection *)
Fixpoint proj (r : role) (C : chor) : option proc :=
  match C with
  | End => Some PEnd
  | Com s p e q x C => option_map (fun P => if eqn r p then PSend s q e P else if eqn r q then PRecv s p x P else P)
      (proj r C)
  | Act s p o e x C => option_map (fun P => if eqn r p then PAct s o e x P else P) (proj r C)
  | Sel s p q l C =>
      option_map (fun P => if eqn r p then PSel s q l P
                           else if eqn r q then (if l then PBra s p true P false PEnd else PBra s p false PEnd true P)
                           else P) (proj r C)
  | If p e C1 C2 =>
      match proj r C1, proj r C2 with
      | Some P, Some Q => if eqn r p then Some (PIf e P Q) else merge P Q
      | _, _ => None
      end
  end.

Fixpoint keys (C : chor) : list key :=
  match C with
  | End => []
  | Com s p _ q _ C | Sel s p q _ C => (s, p, q) :: keys C
  | Act _ _ _ _ _ C => keys C
  | If _ _ C1 C2 => keys C1 ++ keys C2
  end.
(** Lemma 3's premise, by construction of the normal form: no key twice on one path; nobody talks to himself. *)
Fixpoint wf (C : chor) : Prop :=
  match C with
  | End => True
  | Com s p _ q _ C | Sel s p q _ C => p <> q /\ ~ In (s, p, q) (keys C) /\ wf C
  | Act _ _ _ _ _ C => wf C
  | If _ _ C1 C2 => wf C1 /\ wf C2
  end.

Definition at_ {A} (f : role -> A) (r : role) (a : A) : role -> A := fun r' => if eqn r' r then a else f r'.

(** The direct reading of a choreography: what each role holds and has done at the end. *)
Fixpoint crun (C : chor) (S : role -> store) (V : role -> list act) : (role -> store) * (role -> list act) :=
  match C with
  | End => (S, V)
  | Com s p e q x C => let v := eval e (S p) in
      let V := at_ V p (V p ++ [ASend q v]) in
      crun C (at_ S q (upd (S q) x v)) (at_ V q (V q ++ [ARecv p v]))
  | Act s p o e x C => let a := eval e (S p) in let v := ask p s o a in
      crun C (at_ S p (upd (S p) x v)) (at_ V p (V p ++ [ACall s o a v]))
  | Sel _ _ _ _ C => crun C S V
  | If p e C1 C2 => if Nat.eqb (eval e (S p)) 0 then crun C2 S V else crun C1 S V
  end.

(** [stands C S V N]: every role of the network stands where the choreography does, up to labels it need not know. *)
Definition stands C (S : role -> store) (V : role -> list act) (N : net) :=
  forall r, exists P Q, proj r C = Some P /\ more Q P /\ N r = mk Q (S r) (V r).

Lemma at_same A (f : role -> A) r a : at_ f r a r = a.
Proof. unfold at_, eqn; now rewrite Nat.eqb_refl. Qed.
Lemma at_other A (f : role -> A) r r' a : r' <> r -> at_ f r a r' = f r'.
Proof. unfold at_, eqn; intros; destruct (Nat.eqb_spec r' r); congruence. Qed.

Lemma put_same M k m : put M k m k = Some m.
Proof. unfold put; destruct (key_eqb_spec k k); congruence. Qed.
Lemma put_other M k k' m : k' <> k -> put M k m k' = M k'.
Proof. unfold put; destruct (key_eqb_spec k' k); congruence. Qed.

Lemma ended_terminal N M : (forall r, prog (N r) = PEnd) -> terminal (N, M).
Proof.
  intros H B [r X]; inversion X; subst. specialize (H r). destruct (N r) as [P st vw]; simpl in *; subst; discriminate.
Qed.

Lemma inv_send Z s q e P : more Z (PSend s q e P) -> exists P', Z = PSend s q e P' /\ more P' P.
Proof. intros H; inversion H; eauto. Qed.
Lemma inv_recv Z s p x P : more Z (PRecv s p x P) -> exists P', Z = PRecv s p x P' /\ more P' P.
Proof. intros H; inversion H; eauto. Qed.
Lemma inv_act Z s o e x P : more Z (PAct s o e x P) -> exists P', Z = PAct s o e x P' /\ more P' P.
Proof. intros H; inversion H; eauto. Qed.
Lemma inv_sel Z s q l P : more Z (PSel s q l P) -> exists P', Z = PSel s q l P' /\ more P' P.
Proof. intros H; inversion H; eauto. Qed.
Lemma inv_if Z e P Q : more Z (PIf e P Q) -> exists P' Q', Z = PIf e P' Q' /\ more P' P /\ more Q' Q.
Proof. intros H; inversion H; eauto 8. Qed.
Lemma inv_bra Z s p (l : bool) P : more Z (if l then PBra s p true P false PEnd else PBra s p false PEnd true P) ->
  exists hl L hr R, Z = PBra s p hl L hr R /\ (if l then hl else hr) = true /\ more (if l then L else R) P.
Proof. destruct l; intros H; inversion H; subst; eauto 10. Qed.

Lemma step_none N M r l' : lstep r M (N r) = Some (l', None) -> nstep (N, M) r (setr N r l', M).
Proof. intros H. exact (@NStep N M r l' None H I). Qed.
Lemma step_some N M r l' k m : lstep r M (N r) = Some (l', Some (k, m)) -> M k = None ->
  nstep (N, M) r (setr N r l', put M k m).
Proof. intros H F. exact (@NStep N M r l' (Some (k, m)) H (or_introl F)). Qed.

(** *** Completeness: the network can follow the choreography to its end. *)
Theorem follows C : forall S V N M,
  wf C -> (forall k, In k (keys C) -> M k = None) -> stands C S V N ->
  exists n N' M', steps n (N, M) (N', M') /\ stands End (fst (crun C S V)) (snd (crun C S V)) N'.
Proof.
  induction C as [|s p e q x C IH|s p o e x C IH|s p q l C IH|p e C1 IH1 C2 IH2]; intros S V N M W F T; simpl in *.
  - exists 0, N, M; split; [constructor|]. exact T.
  - destruct W as (D & NI & W). set (v := eval e (S p)).
    destruct (T p) as (Pp & Qp & Ap & Bp & Ep); simpl in Ap. destruct (proj p C) as [P0|] eqn:JP; simpl in Ap; try
        discriminate.
    unfold eqn in Ap; rewrite Nat.eqb_refl in Ap. inversion Ap; clear Ap; subst. destruct (inv_send Bp) as (P' & -> &
        BP').
    destruct (T q) as (Pq & Qq & Aq & Bq & Eq); simpl in Aq. destruct (proj q C) as [P1|] eqn:JQ; simpl in Aq; try
        discriminate.
    unfold eqn in Aq. destruct (Nat.eqb_spec q p); [congruence|]. rewrite Nat.eqb_refl in Aq.
    inversion Aq; clear Aq; subst. destruct (inv_recv Bq) as (P2 & -> & BQ').
    set (N1 := setr N p (mk P' (S p) (V p ++ [ASend q v]))).
    set (M1 := put M (s, p, q) (MVal v)).
    set (N2 := setr N1 q (mk P2 (upd (S q) x v) (V q ++ [ARecv p v]))).
    assert (X1 : step (N, M) (N1, M1)).
    { exists p. apply step_some; [rewrite Ep; reflexivity|]. apply F; auto. }
    assert (X2 : step (N1, M1) (N2, M1)).
    { exists q. apply step_none. unfold N1; rewrite setr_other by auto. rewrite Eq; simpl.
      unfold M1; now rewrite put_same. }
    destruct (IH (at_ S q (upd (S q) x v)) (at_ (at_ V p (V p ++ [ASend q v])) q (at_ V p (V p ++ [ASend q v]) q ++
        [ARecv p v])) N2 M1) as (n' & N' & M' & ST & Z); auto.
    + intros k IN. unfold M1. rewrite put_other; [apply F; auto|]. intro; subst k; auto.
    + intros r. unfold N2, N1. destruct (Nat.eq_dec r q) as [->|Rq].
      * exists P1, P2. rewrite setr_same, !at_same, at_other by auto. auto.
      * rewrite setr_other by auto. rewrite !(at_other _ _ Rq). destruct (Nat.eq_dec r p) as [->|Rp].
        -- exists P0, P'. rewrite setr_same, at_same. auto.
        -- rewrite setr_other, at_other by auto. destruct (T r) as (Pr & Qr & Ar & Br & Er); simpl in Ar.
           destruct (proj r C) as [P3|] eqn:JR; simpl in Ar; try discriminate. unfold eqn in Ar.
           destruct (Nat.eqb_spec r p), (Nat.eqb_spec r q); try congruence. inversion Ar; subst. eauto.
    + exists (Datatypes.S (Datatypes.S n')), N', M'; split; auto. econstructor; eauto. econstructor; eauto.
  - set (a := eval e (S p)). set (v := ask p s o a).
    destruct (T p) as (Pp & Qp & Ap & Bp & Ep); simpl in Ap. destruct (proj p C) as [P0|] eqn:JP; simpl in Ap; try
        discriminate.
    unfold eqn in Ap; rewrite Nat.eqb_refl in Ap. inversion Ap; clear Ap; subst. destruct (inv_act Bp) as (P' & -> &
        BP').
    set (N1 := setr N p (mk P' (upd (S p) x v) (V p ++ [ACall s o a v]))).
    assert (X1 : step (N, M) (N1, M)).
    { exists p. apply step_none. rewrite Ep; reflexivity. }
    destruct (IH (at_ S p (upd (S p) x v)) (at_ V p (V p ++ [ACall s o a v])) N1 M) as (n' & N' & M' & ST & Z); auto.
    + intros r. unfold N1. destruct (Nat.eq_dec r p) as [->|Rp].
      * exists P0, P'. rewrite setr_same, !at_same. auto.
      * rewrite setr_other, !at_other by auto. destruct (T r) as (Pr & Qr & Ar & Br & Er); simpl in Ar.
        destruct (proj r C) as [P3|] eqn:JR; simpl in Ar; try discriminate. unfold eqn in Ar.
        destruct (Nat.eqb_spec r p); try congruence. inversion Ar; subst. eauto.
    + exists (Datatypes.S n'), N', M'; split; auto. econstructor; eauto.
  - destruct W as (D & NI & W).
    destruct (T p) as (Pp & Qp & Ap & Bp & Ep); simpl in Ap. destruct (proj p C) as [P0|] eqn:JP; simpl in Ap; try
        discriminate.
    unfold eqn in Ap; rewrite Nat.eqb_refl in Ap. inversion Ap; clear Ap; subst. destruct (inv_sel Bp) as (P' & -> &
        BP').
    destruct (T q) as (Pq & Qq & Aq & Bq & Eq); simpl in Aq. destruct (proj q C) as [P1|] eqn:JQ; simpl in Aq; try
        discriminate.
    unfold eqn in Aq. destruct (Nat.eqb_spec q p); [congruence|]. rewrite Nat.eqb_refl in Aq.
    set (N1 := setr N p (mk P' (S p) (V p))).
    set (M1 := put M (s, p, q) (MLab l)).
    assert (X1 : step (N, M) (N1, M1)).
    { exists p. apply step_some; [rewrite Ep; reflexivity|]. apply F; auto. }
    assert (X2 : exists Q1, more Q1 P1 /\ step (N1, M1) (setr N1 q (mk Q1 (S q) (V q)), M1)).
    { inversion Aq; clear Aq; subst. destruct (inv_bra _ _ _ _ Bq) as (hl & L & hr & R & -> & HL & BQ').
      exists (if l then L else R); split; auto. exists q; apply step_none.
      unfold N1; rewrite setr_other by auto; rewrite Eq; simpl; unfold M1; rewrite put_same.
      destruct l; rewrite HL; reflexivity. }
    destruct X2 as (Q1 & MQ & X2).
    destruct (IH S V (setr N1 q (mk Q1 (S q) (V q))) M1) as (n' & N' & M' & ST & Z); auto.
    + intros k IN. unfold M1. rewrite put_other; [apply F; auto|]. intro; subst k; auto.
    + intros r. unfold N1. destruct (Nat.eq_dec r q) as [->|Rq].
      * exists P1, Q1. rewrite setr_same. auto.
      * rewrite setr_other by auto. destruct (Nat.eq_dec r p) as [->|Rp].
        -- exists P0, P'. rewrite setr_same. auto.
        -- rewrite setr_other by auto. destruct (T r) as (Pr & Qr & Ar & Br & Er); simpl in Ar.
           destruct (proj r C) as [P3|] eqn:JR; simpl in Ar; try discriminate. unfold eqn in Ar.
           destruct (Nat.eqb_spec r p), (Nat.eqb_spec r q); try congruence. inversion Ar; subst. eauto.
    + exists (Datatypes.S (Datatypes.S n')), N', M'; split; auto. econstructor; eauto. econstructor; eauto.
  - destruct W as (W1 & W2).
    destruct (T p) as (Pp & Qp & Ap & Bp & Ep); simpl in Ap.
    destruct (proj p C1) as [P1|] eqn:J1; try discriminate. destruct (proj p C2) as [P2|] eqn:J2; try discriminate.
    unfold eqn in Ap; rewrite Nat.eqb_refl in Ap. inversion Ap; clear Ap; subst. destruct (inv_if Bp) as (P' & Q' & ->
        & BP' & BQ').
    set (N1 := setr N p (mk (if Nat.eqb (eval e (S p)) 0 then Q' else P') (S p) (V p))).
    assert (X1 : step (N, M) (N1, M)).
    { exists p. apply step_none. rewrite Ep; reflexivity. }
    assert (Y : stands (if Nat.eqb (eval e (S p)) 0 then C2 else C1) S V N1).
    { intros r. unfold N1. destruct (Nat.eq_dec r p) as [->|Rp].
      - rewrite setr_same. destruct (Nat.eqb (eval e (S p)) 0); eauto.
      - rewrite setr_other by auto. destruct (T r) as (Pr & Qr & Ar & Br & Er); simpl in Ar.
        destruct (proj r C1) as [R1|] eqn:K1; try discriminate. destruct (proj r C2) as [R2|] eqn:K2; try discriminate.
        unfold eqn in Ar. destruct (Nat.eqb_spec r p); try congruence.
        destruct (merge_sound _ _ Ar) as [G1 G2].
        destruct (Nat.eqb (eval e (S p)) 0); [exists R2, Qr|exists R1, Qr]; eauto using more_trans. }
    destruct (Nat.eqb (eval e (S p)) 0);
      [destruct (IH2 S V N1 M) as (n' & N' & M' & ST & Z)|destruct (IH1 S V N1 M) as (n' & N' & M' & ST & Z)]; auto;
      try (intros; apply F; apply in_or_app; auto);
      exists (Datatypes.S n'), N', M'; split; auto; econstructor; eauto.
Qed.

(** *** Theorems 2, 3 and 4 at once: whatever the schedule, the network ends, nobody waits for ever, and each role has
    done what the choreography says, in its order. *)
Theorem projection C S N : wf C -> stands C S (fun _ => []) N ->
  exists n, forall m B, steps m (N, fun _ => None) B ->
    m <= n /\ (terminal B -> forall r, prog (fst B r) = PEnd /\ view (fst B r) = snd (crun C S (fun _ => [])) r
                                     /\ sto (fst B r) = fst (crun C S (fun _ => [])) r).
Proof.
  intros W T. destruct (@follows C S (fun _ => []) N (fun _ => None) W (fun _ _ => eq_refl) T) as (n & N' & M' & ST &
      E).
  assert (PE : forall r, prog (N' r) = PEnd).
  { intros r; destruct (E r) as (P & Q & A & B & EQ). simpl in A; inversion A; subst; inversion B; subst.
    now rewrite EQ. }
  exists n; intros m B SB. destruct (one_run_tells_all ST (@ended_terminal N' M' PE) SB) as (k & -> & KB). split;
      [lia|].
  intros TB. inversion KB; subst.
  - simpl; intros r. destruct (E r) as (P & Q & A & B & EQ). rewrite (PE r). rewrite EQ; auto.
  - exfalso; eapply TB; eauto.
Qed.

(** Deadlock freedom: as long as somebody is not at his end, somebody can do something. *)
Corollary deadlock_free C S N : wf C -> stands C S (fun _ => []) N ->
  forall m B, steps m (N, fun _ => None) B -> (exists r, prog (fst B r) <> PEnd) -> exists B', step B B'.
Proof.
  intros W T m B SB [r NE].
  destruct (@follows C S (fun _ => []) N (fun _ => None) W (fun _ _ => eq_refl) T) as (n' & N' & M' & ST & E).
  assert (PE : forall r, prog (N' r) = PEnd).
  { intros r'; destruct (E r') as (P & Q & A & B0 & EQ). simpl in A; inversion A; subst; inversion B0; subst.
    now rewrite EQ. }
  destruct (one_run_tells_all ST (@ended_terminal N' M' PE) SB) as (k & -> & KB).
  inversion KB; subst; eauto. simpl in NE; rewrite PE in NE; congruence.
Qed.

End Sem.
Print Assumptions projection.
