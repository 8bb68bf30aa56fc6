(** Merging and projection: the projector of the core, which tests/model/projection runs beside the compiler's.

    Proved: what merging makes does what either program does, and knows what to do with further labels ([merge_sound]).
    Not covered: what Acc.v leaves out. Nothing is said of when two programs merge; that [proj] gives a program is a
    premise of every theorem of Follow.v. *)
Require Import List Arith Bool PeanoNat Lia.
Require Import Acc.
Import ListNotations.
Set Implicit Arguments.

Definition eqn (a b : nat) : bool := Nat.eqb a b.
Definition eqo (a b : option nat) : bool :=
  match a, b with Some a, Some b => Nat.eqb a b | None, None => true | _, _ => false end.
Definition mem (r : role) (rs : list role) : bool := existsb (Nat.eqb r) rs.

(** Whether a program is a proper chain of arms, and the chain without the arms for a label. *)
Fixpoint isarms (s : site) (p : role) (A : proc) : bool :=
  match A with
  | PArm s' p' _ _ _ A => eqn s s' && eqn p p' && isarms s p A
  | PNo s' p' => eqn s s' && eqn p p'
  | _ => false
  end.
Fixpoint drop (l : label) (A : proc) : proc :=
  match A with
  | PArm s p l' x P A => if Nat.eqb l l' then drop l A else PArm s p l' x P (drop l A)
  | _ => A
  end.

Fixpoint merge (P Q : proc) : option proc :=
  let two (f : proc -> proc -> proc) (m n : option proc) :=
    match m, n with Some m, Some n => Some (f m n) | _, _ => None end in
  match P, Q with
  | PStop, _ => Some Q
  | _, PStop => Some P
  | PEnd, PEnd | PAgain, PAgain | PLeave, PLeave => Some P
  | PSend s q e l P, PSend s' q' e' l' Q =>
      if eqn s s' && eqn q q' && eqo e e' && eqo l l' then option_map (PSend s q e l) (merge P Q) else None
  | PRecv s p x P, PRecv s' p' x' Q =>
      if eqn s s' && eqn p p' && eqo x x' then option_map (PRecv s p x) (merge P Q) else None
  | PArm s p l x P A, _ =>
      if isarms s p A && isarms s p Q then
        match get l Q with
        | Some y => if eqo x y then two (PArm s p l x) (merge P (arm l Q)) (merge A (drop l Q)) else None
        | None => option_map (PArm s p l x P) (merge A Q)
        end
      else None
  | PNo s p, _ => if isarms s p Q then Some Q else None
  | PAct s o e x P, PAct s' o' e' x' Q =>
      if eqn s s' && eqn o o' && eqn e e' && eqo x x' then option_map (PAct s o e x) (merge P Q) else None
  | PLet x e P, PLet x' e' Q => if eqn x x' && eqn e e' then option_map (PLet x e) (merge P Q) else None
  | PIf e P P', PIf e' Q Q' => if eqn e e' then two (PIf e) (merge P Q) (merge P' Q') else None
  | PLoop s B P, PLoop s' B' Q => if eqn s s' then two (PLoop s) (merge B B') (merge P Q) else None
  | PAbort e, PAbort e' => if eqn e e' then Some P else None
  | _, _ => None
  end.

(** [more P Q]: P does what Q does, and knows what to do with further labels. *)
Inductive more : proc -> proc -> Prop :=
| MStop P : more P PStop
| MEnd : more PEnd PEnd
| MAgain : more PAgain PAgain
| MLeave : more PLeave PLeave
| MAbort e : more (PAbort e) (PAbort e)
| MSend s q e l P Q : more P Q -> more (PSend s q e l P) (PSend s q e l Q)
| MRecv s p x P Q : more P Q -> more (PRecv s p x P) (PRecv s p x Q)
| MAct s o e x P Q : more P Q -> more (PAct s o e x P) (PAct s o e x Q)
| MLet x e P Q : more P Q -> more (PLet x e P) (PLet x e Q)
| MIf e P Q P' Q' : more P P' -> more Q Q' -> more (PIf e P Q) (PIf e P' Q')
| MLoop s B P B' P' : more B B' -> more P P' -> more (PLoop s B P) (PLoop s B' P')
| MArms s p A A' :
    head A = Some (s, p) -> head A' = Some (s, p) ->
    (forall l x, get l A' = Some x -> get l A = Some x) ->
    (forall l, get l A' <> None -> more (arm l A) (arm l A')) -> more A A'.
Global Hint Constructors more : core.

Lemma more_refl_arms P : more P P /\ forall l, more (arm l P) (arm l P).
Proof.
  induction P; simpl; repeat match goal with H : _ /\ _ |- _ => destruct H end; split; intros; auto.
  - apply MArms with s p; simpl; auto. intros l0 _. destruct (Nat.eqb l0 l); auto.
  - destruct (Nat.eqb l0 l); auto.
  - apply MArms with s p; simpl; auto.
Qed.
Lemma more_refl P : more P P.
Proof. apply more_refl_arms. Qed.
Global Hint Resolve more_refl : core.

Lemma more_arms P A s p : more P A -> head A = Some (s, p) ->
  head P = Some (s, p) /\ (forall l x, get l A = Some x -> get l P = Some x) /\
  (forall l, get l A <> None -> more (arm l P) (arm l A)).
Proof. intros H E; inversion H; subst; simpl in E; try discriminate. rewrite E in H1; inversion H1; subst; auto. Qed.

Lemma more_trans P Q R : more P Q -> more Q R -> more P R.
Proof.
  intros H; revert R; induction H; intros Z HZ; try (inversion HZ; subst; auto; simpl in *; discriminate).
  assert (Z = PStop \/ head Z = Some (s, p)) as [->|HZZ]; auto.
  { inversion HZ; subst; auto; simpl in *; try discriminate.
    right; congruence. }
  destruct (more_arms HZ HZZ) as (_ & a & b).
  apply MArms with s p; auto. intros l NE. apply H3; auto.
  destruct (get l Z) eqn:E; [|congruence]. rewrite (a _ _ E); discriminate.
Qed.

Ltac eqs := unfold eqn, eqo in *; repeat match goal with
  | H : (_ && _) = true |- _ => apply andb_true_iff in H; destruct H
  | H : Nat.eqb _ _ = true |- _ => apply Nat.eqb_eq in H; subst
  | H : match ?a with _ => _ end = true |- _ => destruct a; try discriminate end.

Lemma isarms_head s p A : isarms s p A = true -> head A = Some (s, p).
Proof. destruct A; simpl; intros H; try discriminate; eqs; auto. Qed.
Lemma isarms_drop s p l A : isarms s p A = true -> isarms s p (drop l A) = true.
Proof.
  induction A; simpl; intros H; try discriminate; auto. eqs.
  destruct (Nat.eqb l l0); auto. simpl. unfold eqn. rewrite !Nat.eqb_refl; simpl; auto.
Qed.
Lemma get_drop l l' A : get l (drop l' A) = if Nat.eqb l l' then None else get l A.
Proof.
  induction A; simpl; try (destruct (Nat.eqb l l'); reflexivity).
  destruct (Nat.eqb_spec l' l0); simpl; rewrite ?IHA2;
    destruct (Nat.eqb_spec l l0), (Nat.eqb_spec l l'); congruence.
Qed.
Lemma arm_drop l l' A : l <> l' -> arm l (drop l' A) = arm l A.
Proof.
  intros D; induction A; simpl; auto.
  destruct (Nat.eqb_spec l' l0); simpl; rewrite ?IHA2; destruct (Nat.eqb_spec l l0); congruence.
Qed.

(** *** Merge is sound: what it makes does what either program does. *)
Theorem merge_sound P : forall Q m, merge P Q = Some m -> more m P /\ more m Q.
Proof.
  induction P; intros Q m H; try (destruct Q; simpl in H; try discriminate; inversion H; subst; now auto).
  - (* a send *) destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (_ && _) eqn:E in H; try discriminate. destruct (merge P Q) eqn:F; inversion H; subst.
    destruct (IHP _ _ F); eqs; auto.
  - destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (_ && _) eqn:E in H; try discriminate. destruct (merge P Q) eqn:F; inversion H; subst.
    destruct (IHP _ _ F); eqs; auto.
  - (* arms *) assert (H' : Q = PStop /\ Some (PArm s p l x P1 P2) = Some m \/
      (if isarms s p P2 && isarms s p Q then
        match get l Q with
        | Some y => if eqo x y then
            match merge P1 (arm l Q), merge P2 (drop l Q) with Some m, Some n => Some (PArm s p l x m n) | _, _ =>
              None end
          else None
        | None => option_map (PArm s p l x P1) (merge P2 Q)
        end
      else None) = Some m) by (destruct Q; simpl in H; auto).
    clear H; destruct H' as [[-> H]|H]; [inversion H; subst; now auto|].
    destruct (isarms s p P2) eqn:A2; simpl in H; try discriminate.
    destruct (isarms s p Q) eqn:AQ; simpl in H; try discriminate.
    pose proof (isarms_head _ _ _ A2) as H2; pose proof (isarms_head _ _ _ AQ) as HQ.
    destruct (get l Q) as [y|] eqn:G.
    + destruct (eqo x y) eqn:E; try discriminate.
      assert (x = y) by (destruct x, y; simpl in E; try discriminate; auto; apply Nat.eqb_eq in E; congruence); subst y.
      destruct (merge P1 (arm l Q)) as [m1|] eqn:F1; try discriminate.
      destruct (merge P2 (drop l Q)) as [n|] eqn:F2; try discriminate. inversion H; subst; clear H.
      destruct (IHP1 _ _ F1) as [X1 X2]. destruct (IHP2 _ _ F2) as [Y1 Y2].
      destruct (more_arms Y1 H2) as (_ & a & b).
      destruct (more_arms Y2 (isarms_head _ _ _ (isarms_drop _ _ l _ AQ))) as (_ & c & d).
      split; apply MArms with s p; simpl; auto; intros l'; destruct (Nat.eqb_spec l' l); subst; auto.
      * intros z Gz. congruence.
      * intros z Gz. apply c. rewrite get_drop. destruct (Nat.eqb_spec l' l); congruence.
      * intros NE. rewrite <- (@arm_drop l' l Q) by auto. apply d. rewrite get_drop.
        destruct (Nat.eqb_spec l' l); congruence.
    + destruct (merge P2 Q) as [n|] eqn:F2; try discriminate. inversion H; subst; clear H.
      destruct (IHP2 _ _ F2) as [Y1 Y2].
      destruct (more_arms Y1 H2) as (_ & a & b). destruct (more_arms Y2 HQ) as (_ & c & d).
      split; apply MArms with s p; simpl; auto; intros l'; destruct (Nat.eqb_spec l' l); subst; auto; intros;
        congruence.
  - (* no arm *) assert (H' : Q = PStop /\ Some (PNo s p) = Some m \/
      (if isarms s p Q then Some Q else None) = Some m) by (destruct Q; simpl in H; auto).
    destruct H' as [[-> I]|I]; [inversion I; subst; now auto|].
    destruct (isarms s p Q) eqn:A; inversion I; subst. split; auto.
    apply MArms with s p; simpl; auto using isarms_head; intros; congruence.
  - destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (_ && _) eqn:E in H; try discriminate. destruct (merge P Q) eqn:F; inversion H; subst.
    destruct (IHP _ _ F); eqs; auto.
  - destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (_ && _) eqn:E in H; try discriminate. destruct (merge P Q) eqn:F; inversion H; subst.
    destruct (IHP _ _ F); eqs; auto.
  - destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (eqn e e0) eqn:E; try discriminate.
    destruct (merge P1 Q1) eqn:F; try discriminate. destruct (merge P2 Q2) eqn:G; try discriminate.
    inversion H; subst. destruct (IHP1 _ _ F), (IHP2 _ _ G); eqs; auto.
  - destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (eqn s s0) eqn:E; try discriminate.
    destruct (merge P1 Q1) eqn:F; try discriminate. destruct (merge P2 Q2) eqn:G; try discriminate.
    inversion H; subst. destruct (IHP1 _ _ F), (IHP2 _ _ G); eqs; auto.
  - destruct Q; simpl in H; try discriminate; [|inversion H; subst; now auto].
    destruct (eqn e e0) eqn:E; inversion H; subst; eqs; auto.
Qed.

(** ** Projection *)
(** Whether a role does something in a choreography. Who follows the turns of a loop counts, who owns a guard not. *)
Fixpoint acts (r : role) (C : chor) : bool :=
  match C with
  | End | Again | Leave | Halt => false
  | Msg _ p _ _ q _ C => eqn r p || eqn r q || acts r C
  | Act _ p _ _ _ C => eqn r p || acts r C
  | Let rs _ _ C => mem r rs || acts r C
  | If _ _ C1 C2 => acts r C1 || acts r C2
  | Loop _ rs _ C => mem r rs || acts r C
  | Abort p _ => eqn r p
  end.

(** A branch that an owner of the guard need not take, since both sides are the same to it, or nothing at all. *)
Definition proc_eq (P Q : proc) : {P = Q} + {P <> Q}.
Proof. repeat decide equality. Defined.
Definition same (P Q : proc) : option proc :=
  if proc_eq P Q then Some P else
  match P, Q with PEnd, PStop | PStop, PEnd => Some PEnd | _, _ => None end.
Lemma same_sound P Q m : same P Q = Some m -> more m P /\ more m Q.
Proof.
  unfold same. destruct (proc_eq P Q) as [->|_]; [intros H; inversion H; auto|].
  destruct P, Q; intros H; inversion H; auto.
Qed.

Fixpoint proj (r : role) (C : chor) : option proc :=
  match C with
  | End => Some PEnd
  | Again => Some PAgain
  | Leave => Some PLeave
  | Halt => Some PStop
  | Abort p e => Some (if eqn r p then PAbort e else PStop)
  | Msg s p e l q x C =>
      option_map (fun P => if eqn r p then PSend s q e l P
                           else if eqn r q then match l with
                                                | None => PRecv s p x P
                                                | Some l => PArm s p l x P (PNo s p)
                                                end
                           else P) (proj r C)
  | Act s p o e x C => option_map (fun P => if eqn r p then PAct s o e x P else P) (proj r C)
  | Let rs x e C => option_map (fun P => if mem r rs then PLet x e P else P) (proj r C)
  | If rs e C1 C2 =>
      match proj r C1, proj r C2 with
      | Some P, Some Q =>
          if mem r rs then match same P Q with Some m => Some m | None => Some (PIf e P Q) end else merge P Q
      | _, _ => None
      end
  | Loop s rs B C =>
      match proj r C with
      | Some P => if mem r rs then option_map (fun B => PLoop s B P) (proj r B) else if acts r B then None else Some P
      | None => None
      end
  end.
