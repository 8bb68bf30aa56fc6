(** The core calculus: choreographies, local programs, networks, merging and projection. Coq 8.16, standard library.

    Proved here, for all networks: steps of two roles commute ([confluence]), so that every two schedules can be brought
    together ([joined]), and one run to an end tells how all end ([one_run_tells_all]). Merging gives a program that
    does what either program does ([merge_sound]). What follows of choreographies is in Follow.v, crashes in Replay.v.

    The core has messages (a value, a label of a selection, or a label that rides on a value), role calls that may be
    declined, assignments and branches of several owners, loops with the turns in their sites, and aborts. A move to
    several receivers is a message to each ([share]). A message lies in the medium under (turns, site, sender, receiver)
    and stays there, as in accompanist/model/networks.py. One axiom: functional extensionality.

    Not covered: procedures (a choreography that calls itself); how selections are chosen (amend); that names which a
    role does not need are left out of its program; roles that nothing reaches. Every role is there from the
    beginning. *)
Require Import List Arith Bool PeanoNat Lia FunctionalExtensionality.
Import ListNotations.
Set Implicit Arguments.

Definition role := nat.  Definition var := nat.  Definition val := nat.  Definition site := nat.
Definition op := nat.    Definition label := nat.
Definition expr := nat.                 (* a local expression by number; [eval] gives its value over a store *)
Definition store := var -> val.
Definition upd (s : store) (x : var) (v : val) : store := fun y => if Nat.eqb y x then v else s y.

(** ** Choreographies
    In tail form: what follows a branch stands in both of its sides. What follows a loop stands once, behind it. *)
Inductive chor :=
| End
| Msg (s : site) (p : role) (e : option expr) (l : option label) (q : role) (x : option var) (C : chor)
| Act (s : site) (p : role) (o : op) (e : expr) (x : option var) (C : chor)
| Let (rs : list role) (x : var) (e : expr) (C : chor)
| If (rs : list role) (e : expr) (C1 C2 : chor)              (* [rs]: the owners of the guard *)
| Loop (s : site) (rs : list role) (B C : chor)              (* [rs]: who follows its turns; [C]: what comes behind *)
| Again
| Leave
| Abort (p : role) (e : expr)
| Halt.                                                      (* somebody aborted, or was declined *)

(** A move to several receivers, under one site: a message to each, and the sender may keep the value. *)
Definition share (s : site) (p : role) (e : expr) (qs : list role) (x : var) (C : chor) : chor :=
  fold_right (fun q C => Msg s p (Some e) None q (Some x) C) (Let [p] x e C) qs.

(** ** Local programs
    A branch that another role tells is a chain of arms, each for one label, that ends in [PNo]. *)
Inductive proc :=
| PEnd
| PSend (s : site) (q : role) (e : option expr) (l : option label) (P : proc)
| PRecv (s : site) (p : role) (x : option var) (P : proc)
| PArm (s : site) (p : role) (l : label) (x : option var) (P A : proc)
| PNo (s : site) (p : role)
| PAct (s : site) (o : op) (e : expr) (x : option var) (P : proc)
| PLet (x : var) (e : expr) (P : proc)
| PIf (e : expr) (P Q : proc)
| PLoop (s : site) (B P : proc)
| PAgain
| PLeave
| PAbort (e : expr)
| PStop.                                (* the path was aborted elsewhere: nothing is said of what the role does here *)

(** The arm for a label: what is bound there, and what follows. *)
Fixpoint get (l : label) (A : proc) : option (option var) :=
  match A with PArm _ _ l' x _ A => if Nat.eqb l l' then Some x else get l A | _ => None end.
Fixpoint arm (l : label) (A : proc) : proc :=
  match A with PArm _ _ l' _ P A => if Nat.eqb l l' then P else arm l A | _ => PStop end.
Definition head (A : proc) : option (site * role) :=
  match A with PArm s p _ _ _ _ | PNo s p => Some (s, p) | _ => None end.

(** What a role does, as it sees it itself: its view. *)
Inductive act :=
| ASend (q : role) (v : val) | ARecv (p : role) (v : val) | AAbort (v : val)
| ACall (k : list (site * nat) * site) (o : op) (a : val).

(** ** Networks *)
Definition path := list (site * nat).                        (* the loops around, innermost first, and their turns *)
Definition key := (path * site * role * role)%type.
Definition msg := (option val * option label)%type.
Definition key_eq (a b : key) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.
Definition medium := key -> option msg.
Definition put (M : medium) (k : key) (m : msg) : medium := fun k' => if key_eq k' k then Some m else M k'.

Record frame := fr { fsite : site; fbody : proc; frest : proc; fturn : nat }.
Definition pathof (K : list frame) : path := map (fun f => (fsite f, fturn f)) K.
Record lst := mk { prog : proc; stk : list frame; sto : store; view : list act }.
Definition net := role -> lst.
Definition setr (N : net) (r : role) (l : lst) : net := fun r' => if Nat.eqb r' r then l else N r'.

Definition bind (x : option var) (v : option val) (st : store) : store :=
  match x, v with Some x, Some v => upd st x v | _, _ => st end.
Definition seen (f : val -> act) (v : option val) : list act := match v with Some v => [f v] | None => [] end.
Definition truth (v : val) : bool := negb (Nat.eqb v 0).

Section Networks.
Variable eval : expr -> store -> val.
(** The workers' answers: a function of the question. [None]: declined. An attempted call is one that never is. *)
Variable ask : role -> path * site -> op -> val -> option val.

(** One step of one role over the medium that it reads: its next state, and what it writes. *)
Definition lstep (r : role) (M : medium) (l : lst) : option (lst * option (key * msg)) :=
  let '(mk P K st vw) := l in
  match P with
  | PSend s q e lb P =>
      let v := option_map (fun e => eval e st) e in
      Some (mk P K st (vw ++ seen (ASend q) v), Some ((pathof K, s, r, q), (v, lb)))
  | PRecv s p x P =>
      match M (pathof K, s, p, r) with
      | Some (v, None) => Some (mk P K (bind x v st) (vw ++ seen (ARecv p) v), None)
      | _ => None
      end
  | PArm s p _ _ _ _ =>
      match M (pathof K, s, p, r) with
      | Some (v, Some l) =>
          match get l P with
          | Some x => Some (mk (arm l P) K (bind x v st) (vw ++ seen (ARecv p) v), None)
          | None => None
          end
      | _ => None
      end
  | PAct s o e x P =>
      let a := eval e st in let vw := vw ++ [ACall (pathof K, s) o a] in
      match ask r (pathof K, s) o a with
      | Some v => Some (mk P K (bind x (Some v) st) vw, None)
      | None => Some (mk PStop K st vw, None)
      end
  | PLet x e P => Some (mk P K (upd st x (eval e st)) vw, None)
  | PIf e P Q => Some (mk (if truth (eval e st) then P else Q) K st vw, None)
  | PLoop s B P => Some (mk B (fr s B P 1 :: K) st vw, None)
  | PAgain => match K with fr s B P t :: K => Some (mk B (fr s B P (S t) :: K) st vw, None) | [] => None end
  | PLeave => match K with fr _ _ P _ :: K => Some (mk P K st vw, None) | [] => None end
  | PAbort e => Some (mk PStop K st (vw ++ [AAbort (eval e st)]), None)
  | PEnd | PStop | PNo _ _ => None
  end.

Definition write (M : medium) (w : option (key * msg)) : medium :=
  match w with None => M | Some (k, m) => put M k m end.
Definition nstate := (net * medium)%type.
(** What is written once stays: a step may write nothing else where something is. *)
Definition wok (M : medium) (w : option (key * msg)) : Prop :=
  match w with None => True | Some (k, m) => M k = None \/ M k = Some m end.
Inductive nstep : nstate -> role -> nstate -> Prop :=
| NStep N M r l' w : lstep r M (N r) = Some (l', w) -> wok M w -> nstep (N, M) r (setr N r l', write M w).

(** *** Confluence (lemma 4). Steps of one role are equal; steps of two roles commute. *)
Definition mle (M M' : medium) := forall k m, M k = Some m -> M' k = Some m.

Lemma lstep_mono r M M' l l' w : mle M M' -> lstep r M l = Some (l', w) -> lstep r M' l = Some (l', w).
Proof.
  intros H; destruct l as [P K st vw]; destruct P; simpl; auto.
  - destruct (M (pathof K, s, p, r)) as [[v [b|]]|] eqn:E; try discriminate; rewrite (H _ _ E); auto.
  - destruct (M (pathof K, s, p, r)) as [[v [b|]]|] eqn:E; try discriminate; rewrite (H _ _ E); auto.
Qed.

Lemma put_same M k m : put M k m k = Some m.
Proof. unfold put; destruct (key_eq k k); congruence. Qed.
Lemma put_other M k k' m : k' <> k -> put M k m k' = M k'.
Proof. unfold put; destruct (key_eq k' k); congruence. Qed.

Lemma write_mle M w : wok M w -> mle M (write M w).
Proof.
  intros H k m E; destruct w as [[k' m']|]; simpl in *; auto.
  unfold put; destruct (key_eq k k'); subst; auto. destruct H; congruence.
Qed.

Lemma lstep_key r M l l' k m : lstep r M l = Some (l', Some (k, m)) -> snd (fst k) = r.
Proof.
  destruct l as [P K st vw]; destruct P; simpl; intros H;
    repeat match type of H with context [match ?x with _ => _ end] => destruct x end; inversion H; reflexivity.
Qed.

Lemma setr_same N r l : setr N r l r = l.
Proof. unfold setr; now rewrite Nat.eqb_refl. Qed.
Lemma setr_other N r r' l : r' <> r -> setr N r l r' = N r'.
Proof. unfold setr; intros; destruct (Nat.eqb_spec r' r); congruence. Qed.

Theorem confluence A r1 B1 r2 B2 :
  nstep A r1 B1 -> nstep A r2 B2 -> r1 <> r2 -> exists C, nstep B1 r2 C /\ nstep B2 r1 C.
Proof.
  intros H1 H2 D; inversion H1; subst; inversion H2; subst; clear H1 H2.
  assert (K : forall k1 m1 k2 m2, w = Some (k1, m1) -> w0 = Some (k2, m2) -> k1 <> k2).
  { intros; subst; intro; subst k2.
    repeat match goal with H : lstep _ _ _ = Some (_, Some _) |- _ => apply lstep_key in H end. congruence. }
  assert (W1 : wok (write M w0) w).
  { destruct w as [[k m]|]; simpl; auto. destruct w0 as [[k0 m0]|]; simpl; auto.
    unfold put. destruct (key_eq k k0); auto. exfalso; eapply K; eauto. }
  assert (W2 : wok (write M w) w0).
  { destruct w0 as [[k m]|]; simpl; auto. destruct w as [[k0 m0]|]; simpl; auto.
    unfold put. destruct (key_eq k k0); auto. exfalso; eapply K; eauto. }
  assert (EN : setr (setr N r2 l'0) r1 l' = setr (setr N r1 l') r2 l'0).
  { extensionality r. unfold setr. destruct (Nat.eqb_spec r r2), (Nat.eqb_spec r r1); congruence. }
  assert (EM : write (write M w0) w = write (write M w) w0).
  { extensionality k. destruct w as [[k1 m1]|], w0 as [[k2 m2]|]; simpl; auto.
    unfold put. destruct (key_eq k k2), (key_eq k k1); auto; subst; exfalso; eapply K; eauto. }
  exists (setr (setr N r1 l') r2 l'0, write (write M w) w0). split.
  - constructor; auto. rewrite setr_other by auto. eapply lstep_mono; [|eassumption]. now apply write_mle.
  - rewrite <- EN, <- EM. constructor; auto. rewrite setr_other by auto.
    eapply lstep_mono; [|eassumption]. now apply write_mle.
Qed.

Lemma step_det A r B B' : nstep A r B -> nstep A r B' -> B = B'.
Proof. intros H H'; inversion H; subst; inversion H'; subst; congruence. Qed.

(** ** Runs: any role may take the next step, as long as one can *)
Definition step (A B : nstate) := exists r, nstep A r B.
Inductive steps : nat -> nstate -> nstate -> Prop :=
| S0 A : steps 0 A A
| SS n A B C : step A B -> steps n B C -> steps (S n) A C.
Definition terminal A := forall B, ~ step A B.

Lemma steps_trans n A B : steps n A B -> forall m C, steps m B C -> steps (n + m) A C.
Proof. intros H; induction H; intros; simpl; auto. econstructor; eauto. Qed.

Lemma uc A B C : step A B -> step A C -> B = C \/ exists D, step B D /\ step C D.
Proof.
  intros [r H] [r' H']. destruct (Nat.eq_dec r r') as [->|D].
  - left; eapply step_det; eauto.
  - right. destruct (confluence H H' D) as [E [X Y]]. exists E; split; [exists r'|exists r]; auto.
Qed.

Lemma steps_strip n : forall A B T, step A B -> steps n A T -> terminal T -> exists m, n = S m /\ steps m B T.
Proof.
  induction n; intros A B T AB AT HT; inversion AT; subst.
  - exfalso; eapply HT; eauto.
  - exists n; split; auto. destruct (uc AB H0) as [->|[D [BD B0D]]]; auto.
    destruct (IHn _ _ _ B0D H1 HT) as [m [-> DT]]. econstructor; eauto.
Qed.

(** If one schedule comes to an end, every schedule comes to it, in as many steps. *)
Theorem one_run_tells_all n A T : steps n A T -> terminal T ->
  forall m B, steps m A B -> exists k, n = m + k /\ steps k B T.
Proof.
  intros AT HT m; revert n A AT; induction m; intros n A AT B AB; inversion AB; subst.
  - exists n; auto.
  - destruct (steps_strip H0 AT HT) as [n' [-> X]]. destruct (IHm _ _ X _ H1) as [k [-> Y]].
    exists k; split; auto.
Qed.

Lemma strip n : forall A B C, step A B -> steps n A C -> exists m D, steps m B D /\ (C = D \/ step C D).
Proof.
  induction n; intros A B C AB AC; inversion AC; subst.
  - exists 0, B; split; [constructor|auto].
  - destruct (uc AB H0) as [->|[D [BD B0D]]].
    + exists n, C; auto.
    + destruct (IHn _ _ _ B0D H1) as (m & E & DE & CE). exists (S m), E. split; auto. econstructor; eauto.
Qed.

(** Whatever two schedules have come to, each can go on to where the other can go on to as well. *)
Theorem joined m : forall n A B C, steps m A B -> steps n A C -> exists i j D, steps i B D /\ steps j C D.
Proof.
  induction m; intros n A B C AB AC; inversion AB; subst.
  - exists n, 0, C; split; [auto|constructor].
  - destruct (strip H0 AC) as (k & D & B0D & [->|CD]).
    + destruct (IHm _ _ _ _ H1 B0D) as (i & j & E & X & Y). exists i, j, E; auto.
    + destruct (IHm _ _ _ _ H1 B0D) as (i & j & E & X & Y).
      exists i, (S j), E; split; auto. econstructor; eauto.
Qed.

(** A view only grows. *)
Definition prefix (v w : list act) := exists u, w = v ++ u.
Lemma prefix_refl v : prefix v v.
Proof. exists []; now rewrite app_nil_r. Qed.
Lemma prefix_trans u v w : prefix u v -> prefix v w -> prefix u w.
Proof. intros [a ->] [b ->]. exists (a ++ b). now rewrite app_assoc. Qed.
Lemma prefix_both u v w : prefix u w -> prefix v w -> prefix u v \/ prefix v u.
Proof.
  intros [a ->] [b E]. revert v b E; induction u as [|x u IH]; intros [|y v] b E.
  1-3: try (left; exists []; reflexivity); try (left; eexists; reflexivity); right; eexists; reflexivity.
  inversion E; subst. destruct (IH _ _ H1) as [[c ->]|[c ->]]; [left|right]; exists c; reflexivity.
Qed.

Lemma lstep_view r M l l' w : lstep r M l = Some (l', w) -> prefix (view l) (view l').
Proof.
  destruct l as [P K st vw]; destruct P; simpl; intros H;
    repeat match type of H with context [match ?x with _ => _ end] => destruct x end; inversion H; subst; simpl;
    try apply prefix_refl; eexists; reflexivity.
Qed.
Lemma steps_view n A B : steps n A B -> forall r, prefix (view (fst A r)) (view (fst B r)).
Proof.
  intros H; induction H; intros r; [apply prefix_refl|]. eapply prefix_trans; [|apply IHsteps].
  destruct H as [r' X]; inversion X; subst; simpl. destruct (Nat.eq_dec r r') as [->|D].
  - rewrite setr_same. eapply lstep_view; eauto.
  - rewrite setr_other by auto. apply prefix_refl.
Qed.
End Networks.
