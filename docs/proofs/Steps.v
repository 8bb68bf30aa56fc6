(** The steps of a choreography, where the roles of a network stand meanwhile, and the keys of its messages.

    Proved: what may still be sent was not sent before ([not_later], [fresh_put]), so that no run writes under one key
    twice (lemma 3). The premise is [wf]: no site twice on a path, and who does something in a loop follows its turns.
    That the normal form has it is by the compiler's construction, and not proved here.

    The owners of a guard have to compute the same value of it (rule [CIf]): else the choreography takes no step, and
    nothing is claimed. The places check sees to it that they do; that is not proved. *)
Require Import List Arith Bool PeanoNat Lia FunctionalExtensionality.
Require Import Acc Merge.
Import ListNotations.
Set Implicit Arguments.

(** ** Well-formed choreographies *)
Definition place := (site * role * role)%type.
Definition place_of (k : key) : place := match k with (_, s, p, q) => (s, p, q) end.
Definition path_of (k : key) : path := match k with (ts, _, _, _) => ts end.
(** Where messages are sent, and calls are made: a call is kept as if its role told itself of it. *)
Fixpoint places (C : chor) : list place :=
  match C with
  | End | Again | Leave | Halt | Abort _ _ => []
  | Msg s p _ _ q _ C => (s, p, q) :: places C
  | Act s p _ _ _ C => (s, p, p) :: places C
  | Let _ _ _ C => places C
  | If _ _ C1 C2 => places C1 ++ places C2
  | Loop _ _ B C => places B ++ places C
  end.
Definition apart (xs ys : list place) := forall x, In x xs -> ~ In x ys.
(** By construction of the normal form: nobody talks to himself, no site twice on a path; who does something in a loop
    follows its turns. *)
Fixpoint wf (C : chor) : Prop :=
  match C with
  | End | Again | Leave | Halt | Abort _ _ => True
  | Msg s p _ _ q _ C => p <> q /\ ~ In (s, p, q) (places C) /\ wf C
  | Act s p _ _ _ C => ~ In (s, p, p) (places C) /\ wf C
  | Let _ _ _ C => wf C
  | If _ _ C1 C2 => wf C1 /\ wf C2
  | Loop _ rs B C => wf B /\ wf C /\ apart (places B) (places C) /\ (forall r, acts r B = true -> mem r rs = true)
  end.

(** The same as a test, which the comparison with the compiler puts to every choreography. *)
Definition place_eq (a b : place) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.
Definition among (x : place) (xs : list place) : bool := if in_dec place_eq x xs then true else false.
Fixpoint actors (C : chor) : list role :=
  match C with
  | End | Again | Leave | Halt => []
  | Msg _ p _ _ q _ C => p :: q :: actors C
  | Act _ p _ _ _ C => p :: actors C
  | Let rs _ _ C => rs ++ actors C
  | If _ _ C1 C2 => actors C1 ++ actors C2
  | Loop _ rs _ C => rs ++ actors C
  | Abort p _ => [p]
  end.
Fixpoint wfb (C : chor) : bool :=
  match C with
  | End | Again | Leave | Halt | Abort _ _ => true
  | Msg s p _ _ q _ C => negb (Nat.eqb p q) && negb (among (s, p, q) (places C)) && wfb C
  | Act s p _ _ _ C => negb (among (s, p, p) (places C)) && wfb C
  | Let _ _ _ C => wfb C
  | If _ _ C1 C2 => wfb C1 && wfb C2
  | Loop _ rs B C =>
      wfb B && wfb C && forallb (fun x => negb (among x (places C))) (places B) &&
      forallb (fun r => mem r rs) (actors B)
  end.
Lemma mem_in r rs : mem r rs = true <-> In r rs.
Proof.
  unfold mem; rewrite existsb_exists; split; [intros (y & I & E); apply Nat.eqb_eq in E; now subst|].
  intros; exists r; split; auto. apply Nat.eqb_refl.
Qed.
Lemma acts_actors r C : acts r C = true -> In r (actors C).
Proof.
  induction C; simpl; intros H; try discriminate; unfold eqn in H;
    repeat (apply orb_true_iff in H as [H|H]); try (apply Nat.eqb_eq in H; subst); try apply mem_in in H;
    rewrite ?in_app_iff; auto.
Qed.
Lemma among_not x xs : negb (among x xs) = true -> ~ In x xs.
Proof. unfold among. destruct (in_dec place_eq x xs); auto; discriminate. Qed.
Theorem wfb_sound C : wfb C = true -> wf C.
Proof.
  induction C; simpl; intros H; auto; repeat (apply andb_true_iff in H as [H ?]); auto.
  - repeat split; auto using among_not. apply negb_true_iff, Nat.eqb_neq in H; auto.
  - split; auto using among_not.
  - repeat split; auto.
    + intros x I. apply among_not. eapply forallb_forall in H1; eauto.
    + intros r A. eapply forallb_forall in H0; [exact H0|]. now apply acts_actors.
Qed.

(** Whether a path ends the whole choreography. *)
Fixpoint returns (C : chor) : bool :=
  match C with
  | End => true
  | Again | Leave | Halt | Abort _ _ => false
  | Msg _ _ _ _ _ _ C | Act _ _ _ _ _ C | Let _ _ _ C => returns C
  | If _ _ C1 C2 => returns C1 || returns C2
  | Loop _ _ B C => returns B || returns C
  end.

(** Whoever acts behind a loop that may return follows its turns. [O]: who follows the loop around, [None] outside of
    loops. Also as a test, for the roles that it is given; that it is the same is not proved. *)
Definition excused (O : option (list role)) (C : chor) (rs : list role) : Prop :=
  forall r, mem r rs = false -> match O with None => proj r C = Some PEnd | Some o => mem r o = false end.
Fixpoint told (O : option (list role)) (C : chor) : Prop :=
  match C with
  | End | Again | Leave | Halt | Abort _ _ => True
  | Msg _ _ _ _ _ _ C | Act _ _ _ _ _ C | Let _ _ _ C => told O C
  | If _ _ C1 C2 => told O C1 /\ told O C2
  | Loop _ rs B C => told (Some rs) B /\ told O C /\ (returns B = true -> excused O C rs)
  end.
Fixpoint toldb (roles : list role) (O : option (list role)) (C : chor) : bool :=
  match C with
  | End | Again | Leave | Halt | Abort _ _ => true
  | Msg _ _ _ _ _ _ C | Act _ _ _ _ _ C | Let _ _ _ C => toldb roles O C
  | If _ _ C1 C2 => toldb roles O C1 && toldb roles O C2
  | Loop _ rs B C =>
      let excusedb r := match O with
                        | None => match proj r C with Some PEnd => true | _ => false end
                        | Some o => negb (mem r o)
                        end in
      toldb roles (Some rs) B && toldb roles O C &&
      (negb (returns B) || forallb (fun r => mem r rs || excusedb r) roles)
  end.

(** ** The steps of a choreography *)
Record cframe := cf { csite : site; cwho : list role; cbody : chor; crest : chor; cturn : nat }.
Definition cpath (K : list cframe) : path := map (fun f => (csite f, cturn f)) K.
(** What is left, the loops around it, what each role holds and what it has done. *)
Record conf := cfg { left : chor; loops : list cframe; holds : role -> store; did : role -> list act }.
Definition at_ {A} (f : role -> A) (r : role) (a : A) : role -> A := fun r' => if Nat.eqb r' r then a else f r'.

Section Steps.
Variable eval : expr -> store -> val.
Variable ask : role -> path * site -> op -> val -> option val.

Inductive cstep : conf -> conf -> Prop :=
| CMsg s p e l q x C K S V v : v = option_map (fun e => eval e (S p)) e ->
    cstep (cfg (Msg s p e l q x C) K S V)
          (cfg C K (at_ S q (bind x v (S q))) (at_ (at_ V p (V p ++ seen (ASend q) v)) q (V q ++ seen (ARecv p) v)))
| CAct s p o e x C K S V v : ask p (cpath K, s) o (eval e (S p)) = Some v ->
    cstep (cfg (Act s p o e x C) K S V)
          (cfg C K (at_ S p (bind x (Some v) (S p))) (at_ V p (V p ++ [ACall (cpath K, s) o (eval e (S p))])))
| CDeclined s p o e x C K S V : ask p (cpath K, s) o (eval e (S p)) = None ->
    cstep (cfg (Act s p o e x C) K S V) (cfg Halt K S (at_ V p (V p ++ [ACall (cpath K, s) o (eval e (S p))])))
| CAbort p e K S V : cstep (cfg (Abort p e) K S V) (cfg Halt K S (at_ V p (V p ++ [AAbort (eval e (S p))])))
| CLet rs x e C K S V :
    cstep (cfg (Let rs x e C) K S V)
          (cfg C K (fun r => if mem r rs then upd (S r) x (eval e (S r)) else S r) V)
| CIf rs e C1 C2 K S V b : rs <> [] -> (forall r, In r rs -> truth (eval e (S r)) = b) ->
    cstep (cfg (If rs e C1 C2) K S V) (cfg (if b then C1 else C2) K S V)
| CLoop s rs B C K S V : cstep (cfg (Loop s rs B C) K S V) (cfg B (cf s rs B C 1 :: K) S V)
| CAgain s rs B C t K S V :
    cstep (cfg Again (cf s rs B C t :: K) S V) (cfg B (cf s rs B C (Datatypes.S t) :: K) S V)
| CLeave f K S V : cstep (cfg Leave (f :: K) S V) (cfg (crest f) K S V).
Inductive cruns : conf -> conf -> Prop :=
| C0 c : cruns c c
| CS a b c : cruns a b -> cstep b c -> cruns a c.

End Steps.

(** ** Where a role stands *)
(** A role that follows the innermost loop follows all loops around. *)
Definition follows_turns (r : role) (K : list cframe) : bool :=
  match K with [] => true | f :: _ => mem r (cwho f) end.
Definition pj (P : proc) (r : role) (C : chor) := exists P', proj r C = Some P' /\ more P P'.
(** [P] with the frames [KP] stands where the choreography does, up to labels that the role need not know. A role that
    does not follow the turns of a loop stands behind it. *)
Fixpoint stand (r : role) (C : chor) (K : list cframe) (P : proc) (KP : list frame) : Prop :=
  match K with
  | [] => KP = [] /\ pj P r C
  | f :: K => if mem r (cwho f)
      then exists PB PR KP', KP = fr (csite f) PB PR (cturn f) :: KP' /\ pj P r C /\ pj PB r (cbody f) /\
             stand r (crest f) K PR KP'
      else stand r (crest f) K P KP
  end.
Definition stands (c : conf) (N : net) :=
  forall r, exists P KP, N r = mk P KP (holds c r) (did c r) /\ stand r (left c) (loops c) P KP.

(** The invariant of the loops around: [X] are the places that are left in the innermost, [act] who acts there. *)
Fixpoint around (X : list place) (act : role -> bool) (K : list cframe) : Prop :=
  match K with
  | [] => True
  | f :: K => wf (cbody f) /\ wf (crest f) /\ incl X (places (cbody f)) /\
    apart (places (cbody f)) (places (crest f)) /\
      (forall r, act r = true -> mem r (cwho f) = true) /\ (forall r, acts r (cbody f) = true ->
        mem r (cwho f) = true) /\
      around (places (cbody f) ++ places (crest f)) (fun r => mem r (cwho f) || acts r (crest f)) K
  end.
Definition inv (c : conf) := wf (left c) /\ around (places (left c)) (fun r => acts r (left c)) (loops c).

Lemma around_mono X X' (a a' : role -> bool) K : incl X' X -> (forall r, a' r = true -> a r = true) ->
  around X a K -> around X' a' K.
Proof. destruct K as [|f K]; simpl; auto. intros H H0 (?&?&?&?&?&?&?); repeat split; auto. eapply incl_tran; eauto. Qed.

Lemma stand_in r C K P KP : follows_turns r K = true -> stand r C K P KP ->
  pj P r C /\ forall C' P', pj P' r C' -> stand r C' K P' KP.
Proof.
  destruct K as [|f K]; simpl; [intros _ [-> H]; auto|]. intros ->. intros (PB & PR & KP' & -> & H & H1 & H2).
  split; auto. intros. exists PB, PR, KP'; auto.
Qed.
Lemma stand_out r C C' K P KP : follows_turns r K = false -> stand r C K P KP -> stand r C' K P KP.
Proof. destruct K as [|f K]; simpl; [discriminate|]. now intros ->. Qed.
Lemma stand_same r C C' K P KP : (forall P, pj P r C -> pj P r C') -> stand r C K P KP -> stand r C' K P KP.
Proof.
  intros H X. destruct (follows_turns r K) eqn:F; [|eapply stand_out; eauto].
  destruct (@stand_in r C K P KP F X) as [Y Z]; auto.
Qed.
Lemma acting_follows X a K r : around X a K -> a r = true -> follows_turns r K = true.
Proof. destruct K as [|f K]; simpl; auto. intros (?&?&?&?&H&?); auto. Qed.
Lemma stand_path K : forall X a r C P KP, around X a K -> follows_turns r K = true -> stand r C K P KP ->
  pathof KP = cpath K.
Proof.
  induction K as [|f K IH]; simpl; intros X a r C P KP A F H; [destruct H as [-> _]; auto|].
  rewrite F in H. destruct H as (PB & PR & KP' & -> & _ & _ & H). simpl. f_equal.
  destruct A as (_&_&_&_&_&_&A). eapply IH; eauto. eapply acting_follows; [exact A|]. simpl. now rewrite F.
Qed.

(** ** Keys (lemma 3): what may still be sent has not been sent *)
Definition under (C : chor) (ts : path) (k : key) := (exists w, path_of k = w ++ ts) /\ In (place_of k) (places C).
Fixpoint later (K : list cframe) (k : key) : Prop :=
  match K with
  | [] => False
  | f :: K => (exists t, cturn f < t /\ under (cbody f) ((csite f, t) :: cpath K) k) \/
              under (crest f) (cpath K) k \/ later K k
  end.
Definition future (C : chor) (K : list cframe) (k : key) := under C (cpath K) k \/ later K k.
Definition fresh (c : conf) (M : medium) := forall k, future (left c) (loops c) k -> M k = None.

Lemma future_mono C C' K k : incl (places C') (places C) -> future C' K k -> future C K k.
Proof. intros H [[W I]|L]; [left; split; auto|right; auto]. Qed.

Lemma future_loop s rs B C K k : future B (cf s rs B C 1 :: K) k -> future (Loop s rs B C) K k.
Proof.
  intros [[(w & E) IN]|[(t & T1 & (w & E) & IN)|[[(w & E) IN]|L]]]; simpl in *.
  - left; split; [exists (w ++ [(s, 1)]); rewrite <- app_assoc; auto|simpl; apply in_or_app; auto].
  - left; split; [exists (w ++ [(s, t)]); rewrite <- app_assoc; auto|simpl; apply in_or_app; auto].
  - left; split; [exists w; auto|simpl; apply in_or_app; auto].
  - right; auto.
Qed.
Lemma future_again s rs B C t K k : future B (cf s rs B C (S t) :: K) k -> future Again (cf s rs B C t :: K) k.
Proof.
  intros [[(w & E) IN]|[(t' & T1 & U)|L]]; simpl in *.
  - right. left. exists (S t). split; auto. split; auto. exists w; auto.
  - right. left. exists t'. split; auto. simpl. lia.
  - right. right. auto.
Qed.

Lemma not_later K : forall X a k u, around X a K -> In (place_of k) X -> path_of k = u ++ cpath K -> ~ later K k.
Proof.
  induction K as [|f K IH]; intros X a k u A I E L; [exact L|]. simpl in A, L, E.
  destruct A as (_ & _ & IX & AP & _ & _ & A).
  destruct L as [(t & T & (w & E') & _)|[(_ & I')|L]].
  - rewrite E in E'. change ((csite f, cturn f) :: cpath K) with ([(csite f, cturn f)] ++ cpath K) in E'.
    change ((csite f, t) :: cpath K) with ([(csite f, t)] ++ cpath K) in E'. rewrite !app_assoc in E'.
    apply app_inv_tail in E'. apply app_inj_tail in E' as [_ E']. inversion E'; lia.
  - eapply AP; eauto.
  - eapply IH with (u := u ++ [(csite f, cturn f)]); eauto.
    + apply in_or_app; auto.
    + rewrite E, <- app_assoc; reflexivity.
Qed.

Lemma fresh_put s p e l q x C K S V S' V' M m :
  inv (cfg (Msg s p e l q x C) K S V) -> fresh (cfg (Msg s p e l q x C) K S V) M ->
  fresh (cfg C K S' V') (put M (cpath K, s, p, q) m).
Proof.
  intros [(D & NI & W) A] F k FK; simpl in *. rewrite put_other.
  - apply F. eapply future_mono; [|exact FK]. simpl; apply incl_tl, incl_refl.
  - intros ->. destruct FK as [[_ I]|L]; [exact (NI I)|].
    apply (@not_later K _ _ (cpath K, s, p, q) [] A); simpl; auto.
Qed.
