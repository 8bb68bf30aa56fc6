(** The saga check: what it keeps at a point of a choreography, its rules, and that they are sound.

    Proved, of a choreography that the rules accept, on every run of it ([accepted]): at most one commit point is
    passed; every other step that might have failed lies in its causal past, so it has succeeded before, and whoever
    commits knew it; what cannot be undone has a commit point in its own causal past. Everything else can be undone.
    The causal past of a role: what it did itself, and what those knew who sent it a message, when they sent it.

    The facts are those of accompanist/language/checks/saga/knowledge.py, each with the join of its kind: [unknown] and
    [pivots] are may-facts, joined by union; [committed] is a must-fact, joined by intersection ([join_above],
    [join_least]). The rules are those of accompanist/language/checks/saga/saga.py, named by the code that it reports.

    Not covered: procedures. How the check finds what holds where the turns of a loop begin: here it is given, and has
    to hold again where a turn ends. Which expressions may raise, and which roles know of an abort that did not happen:
    here each is a step that may fail, of the roles that know of it. That the compiler's check has these very rules is
    not proved: tests/model/test_saga_rules.py has the rules as a program ([checks_sound]) and puts to them what the
    compiler accepts. A run is one of the choreography, where no step
    fails. That nothing happens which has a failed step in its causal past follows from how networks run, since who
    fails sends no more; it is not proved here. What the runtime does with a failure is in Saga.v. *)
Require Import List Arith Bool PeanoNat Lia.
Import ListNotations.
Set Implicit Arguments.

Definition role := nat.  Definition site := nat.

(** What a step is. [Fails]: it may be declined, raise or be aborted, and can be undone; [Safe]: it can be undone and
    does not fail; [Commits]: a pivot or a record; [Final]: retriable, and cannot be undone. *)
Inductive kind := Fails | Safe | Commits | Final.

(** A choreography as the check sees it: who does what, and who tells whom. *)
Inductive skel :=
| Fin
| Do (s : site) (k : kind) (rs : list role) (C : skel)        (* a step that all of [rs] do, or know of *)
| Tell (p q : role) (C : skel)
| Choice (C1 C2 : skel)
| Turns (B C : skel)                                          (* a loop, and what comes behind it *)
| Again
| Leave.

(** ** Runs *)
Record event := ev { name : nat; at_site : site; what : kind; past : list nat }.
(** [happened]: what has been done, newest first; [knows]: the causal past of each role. *)
Record state := st { happened : list event; knows : role -> list nat }.
Definition learns (K : role -> list nat) (rs : list role) (n : nat) : role -> list nat :=
  fun r => if in_dec Nat.eq_dec r rs then n :: K r else K r.
Definition conf := (skel * list (skel * skel) * state)%type.
(** A step of several roles is in the past of each; its own past is what the first of them knew. *)
Inductive step : conf -> conf -> Prop :=
| SDo s k r rs C L H K :
    step (Do s k (r :: rs) C, L, st H K)
         (C, L, st (ev (length H) s k (K r) :: H) (learns K (r :: rs) (length H)))
| STell p q C L H K :
    step (Tell p q C, L, st H K) (C, L, st H (fun r => if Nat.eqb r q then K p ++ K q else K r))
| SOne C1 C2 L S : step (Choice C1 C2, L, S) (C1, L, S)
| STwo C1 C2 L S : step (Choice C1 C2, L, S) (C2, L, S)
| STurns B C L S : step (Turns B C, L, S) (B, (B, C) :: L, S)
| SAgain B C L S : step (Again, (B, C) :: L, S) (B, (B, C) :: L, S)
| SLeave B C L S : step (Leave, (B, C) :: L, S) (C, L, S).
Inductive runs : conf -> conf -> Prop :=
| R0 c : runs c c
| RS a b c : runs a b -> step b c -> runs a c.

(** ** What the check keeps *)
Section Rules.
Variable roles : list role.
Definition done := (site * kind)%type.
(** [unknown]: pairs of a role and what may have been done without its knowing. *)
Record facts := fs { unknown : list (role * done); pivots : list done; committed : bool }.
(** Where [a] holds, [b] does too: it has all that may be so in [a], and nothing that must be so which [a] lacks. *)
Definition below (a b : facts) :=
  incl (unknown a) (unknown b) /\ incl (pivots a) (pivots b) /\ (committed b = true -> committed a = true).
Definition join (a b : facts) : facts :=
  fs (unknown a ++ unknown b) (pivots a ++ pivots b) (committed a && committed b).
(** May-facts are joined by union and must-facts by intersection: the join says of both ways what it can, and no less
    than it can. *)
Theorem join_above a b : below a (join a b) /\ below b (join a b).
Proof.
  repeat split; simpl; try (apply incl_appl, incl_refl); try (apply incl_appr, incl_refl);
    destruct (committed a), (committed b); auto.
Qed.
Theorem join_least a b c : below a c -> below b c -> below (join a b) c.
Proof.
  intros (A & B & C) (A' & B' & C'). repeat split; simpl; try (apply incl_app; auto).
  intros E. now rewrite (C E), (C' E).
Qed.
Lemma below_refl a : below a a.
Proof. repeat split; auto using incl_refl. Qed.
Lemma below_trans a b c : below a b -> below b c -> below a c.
Proof. intros (A & B & C) (A' & B' & C'). repeat split; eauto using incl_tran. Qed.

Definition done_eq (a b : done) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.
Definition pair_eq (a b : role * done) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.
Definition mem (r : role) (rs : list role) : bool := if in_dec Nat.eq_dec r rs then true else false.
Definition does (f : facts) (d : done) (rs : list role) : facts :=
  fs (map (fun r => (r, d)) (filter (fun r => negb (mem r rs)) roles) ++ unknown f) (pivots f) (committed f).
Definition tells (f : facts) (p q : role) : facts :=
  let kept x := if Nat.eqb (fst x) q then if in_dec pair_eq (p, snd x) (unknown f) then true else false else true in
  fs (filter kept (unknown f)) (pivots f) (committed f).
Definition passes (f : facts) (d : done) : facts := fs (unknown f) (d :: pivots f) true.

(** ** The rules: the table of docs/language/saga.md *)
Definition allowed (f : facts) (k : kind) (rs : list role) : Prop :=
  match k with
  | Safe => True
  | Fails => pivots f = []                                                    (* ACC151, ACC159 *)
  | Commits => pivots f = [] /\                                               (* ACC152 *)
      forall r d, In r rs -> In (r, d) (unknown f) -> snd d <> Fails          (* ACC150, ACC159 *)
  | Final => committed f = true /\                                            (* ACC153 *)
      forall r d, In r rs -> In d (pivots f) -> ~ In (r, d) (unknown f)       (* ACC153, at another role *)
  end.
Definition behind (f : facts) (s : site) (k : kind) (rs : list role) : facts :=
  match k with Commits => passes (does f (s, k) rs) (s, k) | _ => does f (s, k) rs end.

(** [accepts L f C]: the check accepts [C] where [f] holds. [L] has what holds where a turn of each loop around begins,
    and behind that loop: the end of a turn may know less, never more (ACC158 for a commit point in a loop). *)
Inductive accepts : list (facts * facts) -> facts -> skel -> Prop :=
| AFin L f : accepts L f Fin
| ADo L f s k rs C : incl rs roles -> allowed f k rs -> accepts L (behind f s k rs) C -> accepts L f (Do s k rs C)
| ATell L f p q C : In p roles -> accepts L (tells f p q) C -> accepts L f (Tell p q C)
| AChoice L f C1 C2 : accepts L f C1 -> accepts L f C2 -> accepts L f (Choice C1 C2)
| ATurns L f head out B C : below f head -> accepts ((head, out) :: L) head B -> accepts L out C ->
    accepts L f (Turns B C)
| AAgain L f head out : below f head -> accepts ((head, out) :: L) f Again
| ALeave L f head out : below f out -> accepts ((head, out) :: L) f Leave.

(** ** Soundness *)
Definition sure (f : facts) (S : state) :=
  (forall r e, In r roles -> In e (happened S) -> ~ In (name e) (knows S r) ->
     In (r, (at_site e, what e)) (unknown f)) /\
  (forall e, In e (happened S) -> what e = Commits -> In (at_site e, what e) (pivots f)) /\
  (committed f = true -> exists e, In e (happened S) /\ what e = Commits).
Definition good (S : state) :=
  (forall e, In e (happened S) -> name e < length (happened S)) /\
  (forall c d, In c (happened S) -> In d (happened S) -> what c = Commits -> what d = Commits -> c = d) /\
  (forall c e, In c (happened S) -> In e (happened S) -> what c = Commits -> what e = Fails -> In (name e) (past c)) /\
  (forall e, In e (happened S) -> what e = Final ->
     exists c, In c (happened S) /\ what c = Commits /\ In (name c) (past e)).

Lemma sure_below f g now : below f g -> sure f now -> sure g now.
Proof. intros (A & B & C) (X & Y & Z). split; [|split]; [intros r e I J N; apply A|intros; apply B|]; auto. Qed.

Fixpoint around (L : list (facts * facts)) (K : list (skel * skel)) : Prop :=
  match L, K with
  | [], [] => True
  | (head, out) :: L, (B, C) :: K => accepts ((head, out) :: L) head B /\ accepts L out C /\ around L K
  | _, _ => False
  end.
Definition inv (c : conf) : Prop :=
  let '(C, K, now) := c in exists L f, accepts L f C /\ around L K /\ sure f now /\ good now.

Lemma unknown_does f s k r rs H K : sure f (st H K) ->
  forall r' e, In r' roles -> In e (ev (length H) s k (K r) :: H) -> ~ In (name e) (learns K (r :: rs) (length H) r') ->
    In (r', (at_site e, what e)) (unknown (does f (s, k) (r :: rs))).
Proof.
  intros (X & _) r' e IR [<-|I] NK; unfold learns in NK; simpl in *; apply in_or_app.
  - left. apply in_map_iff. exists r'; split; auto. apply filter_In; split; auto. unfold mem.
    destruct (in_dec Nat.eq_dec r' (r :: rs)) as [J|J]; auto.
    destruct (Nat.eq_dec r r'); [simpl in NK; tauto|]. destruct (in_dec Nat.eq_dec r' rs); [simpl in NK; tauto|].
    destruct J; tauto.
  - right. apply X; auto. destruct (Nat.eq_dec r r'); [simpl in NK; tauto|].
    destruct (in_dec Nat.eq_dec r' rs); simpl in NK; tauto.
Qed.

Lemma sure_behind f s k r rs H K : sure f (st H K) ->
  sure (behind f s k (r :: rs)) (st (ev (length H) s k (K r) :: H) (learns K (r :: rs) (length H))).
Proof.
  intros SU. pose proof (@unknown_does f s k r rs H K SU) as U. destruct SU as (X & Y & Z). split; [|split].
  - intros r' e IR I NK. specialize (U r' e IR I NK). destruct k; exact U.
  - intros e [<-|I] W; simpl in *; [subst k; simpl; auto|]. destruct k; simpl; auto.
  - destruct k; simpl; intros E; try (destruct (Z E) as (e & I & W); exists e; simpl; auto).
    eexists; split; [left; reflexivity|reflexivity].
Qed.

Lemma good_does f s k r rs H K : In r roles -> allowed f k (r :: rs) -> sure f (st H K) -> good (st H K) ->
  good (st (ev (length H) s k (K r) :: H) (learns K (r :: rs) (length H))).
Proof.
  intros IR A (X & Y & Z) (G1 & G2 & G3 & G4). unfold good; simpl in *.
  assert (NONE : forall c, pivots f = [] -> In c H -> what c = Commits -> False).
  { intros c E I W. specialize (Y c I W). rewrite E in Y. exact Y. }
  repeat split.
  - intros e [<-|I]; simpl; [lia|]. specialize (G1 e I). lia.
  - intros c d [<-|I] [<-|J] WC WD; simpl in *; auto; subst k; destruct A as [A _]; exfalso; eauto.
  - intros c e [<-|I] [<-|J] WC WE; simpl in *; auto; try congruence.
    + subst k. destruct A as [_ A]. destruct (in_dec Nat.eq_dec (name e) (K r)); auto.
      exfalso. apply (A r (at_site e, what e)); simpl; auto.
    + subst k. simpl in A. exfalso; eauto.
  - intros e [<-|I] W; simpl in *.
    + subst k. destruct A as [C A]. destruct (Z C) as (c & I & WC). exists c. split; auto. split; auto.
      destruct (in_dec Nat.eq_dec (name c) (K r)); auto. exfalso. apply (A r (at_site c, what c)); simpl; auto.
    + destruct (G4 e I W) as (c & J & WC & P). exists c; auto.
Qed.

Lemma sure_tells f p q H K : In p roles -> sure f (st H K) ->
  sure (tells f p q) (st H (fun r => if Nat.eqb r q then K p ++ K q else K r)).
Proof.
  intros IP (X & Y & Z). repeat split; simpl in *; auto.
  intros r e IR I NK. apply filter_In; simpl. destruct (Nat.eqb_spec r q) as [->|D].
  - assert (NP : ~ In (name e) (K p)) by (intro; apply NK, in_or_app; auto).
    assert (NQ : ~ In (name e) (K q)) by (intro; apply NK, in_or_app; auto).
    pose proof (X p e IP I NP) as XP. split; [apply X; auto|].
    match goal with |- context [in_dec ?d ?x ?y] => destruct (in_dec d x y) end; [reflexivity|contradiction].
  - split; [apply X; auto|reflexivity].
Qed.

Lemma inv_step c c' : step c c' -> inv c -> inv c'.
Proof.
  intros H IN; destruct H; destruct IN as (LL & f & A & R & SU & G); inversion A; subst.
  - exists LL, (behind f s k (r :: rs)). repeat (split; [assumption|]).
    split; [apply sure_behind; auto|]. eapply good_does; eauto. match goal with J : incl _ roles |- _ => apply J end.
    left; reflexivity.
  - exists LL, (tells f p q). repeat (split; [assumption|]). split; [apply sure_tells; auto|exact G].
  - exists LL, f; auto.
  - exists LL, f; auto.
  - exists ((head, out) :: LL), head. simpl. eauto 8 using sure_below.
  - destruct R as (RB & RC & R). exists ((head, out) :: L0), head. split; [exact RB|]. split; [simpl; auto|].
    split; [eapply sure_below; eauto|exact G].
  - destruct R as (RB & RC & R). exists L0, out. repeat (split; [assumption|]).
    split; [eapply sure_below; eauto|exact G].
Qed.

(** The beginning: nothing has been done. *)
Definition nothing : facts := fs [] [] false.
Definition start (C : skel) : conf := (C, [], st [] (fun _ => [])).

(** *** Theorem 8. What the check accepts has, on no run, a failure beside or behind its commit point, and nothing that
    cannot be undone before it. *)
Theorem accepted C D L S : accepts [] nothing C -> runs (start C) (D, L, S) ->
  (forall c d, In c (happened S) -> In d (happened S) -> what c = Commits -> what d = Commits -> c = d) /\
  (forall c e, In c (happened S) -> In e (happened S) -> what c = Commits -> what e = Fails -> In (name e) (past c)) /\
  (forall e, In e (happened S) -> what e = Final ->
     exists c, In c (happened S) /\ what c = Commits /\ In (name c) (past e)).
Proof.
  intros A R. assert (I : inv (D, L, S)).
  { remember (start C) as a eqn:Ea. remember (D, L, S) as b eqn:Eb. clear Eb. induction R; subst.
    - exists [], nothing. split; [exact A|]. split; [exact I|]. split.
      + repeat split; simpl; [intros ? ? ? []|intros ? []|discriminate].
      + repeat split; simpl; intros; contradiction.
    - eapply inv_step; eauto. }
  destruct I as (L' & f & _ & _ & _ & _ & G2 & G3 & G4); auto.
Qed.
(** ** The rules as a program *)
Definition inb A (eq : forall a b : A, {a = b} + {a <> b}) (xs ys : list A) : bool :=
  forallb (fun x => if in_dec eq x ys then true else false) xs.
Lemma inb_sound A eq (xs ys : list A) : inb eq xs ys = true -> incl xs ys.
Proof.
  unfold inb; rewrite forallb_forall. intros H x I. specialize (H x I). destruct (in_dec eq x ys); [auto|discriminate].
Qed.
Definition belowb (a b : facts) : bool :=
  inb pair_eq (unknown a) (unknown b) && inb done_eq (pivots a) (pivots b) && (negb (committed b) || committed a).
Lemma belowb_sound a b : belowb a b = true -> below a b.
Proof.
  unfold belowb. intros H. apply andb_true_iff in H as [H C]. apply andb_true_iff in H as [A B].
  repeat split; eauto using inb_sound. intros E. rewrite E in C. exact C.
Qed.
Definition fails (d : done) : bool := match snd d with Fails => true | _ => false end.
Definition none (xs : list done) : bool := match xs with [] => true | _ => false end.
Definition allowedb (f : facts) (k : kind) (rs : list role) : bool :=
  match k with
  | Safe => true
  | Fails => none (pivots f)
  | Commits => none (pivots f) && forallb (fun x => negb (mem (fst x) rs && fails (snd x))) (unknown f)
  | Final => committed f && forallb (fun x => negb (mem (fst x) rs && inb done_eq [snd x] (pivots f))) (unknown f)
  end.
Lemma none_sound xs : none xs = true -> xs = [].
Proof. destruct xs; simpl; auto; discriminate. Qed.
Lemma mem_in r rs : In r rs -> mem r rs = true.
Proof. unfold mem. destruct (in_dec Nat.eq_dec r rs); auto. Qed.
Lemma allowedb_sound f k rs : allowedb f k rs = true -> allowed f k rs.
Proof.
  destruct k; simpl; auto using none_sound; intros H; apply andb_true_iff in H as [H1 H2];
    rewrite forallb_forall in H2; split; auto using none_sound; intros r d IR.
  - intros I E. specialize (H2 _ I). simpl in H2. rewrite (mem_in _ _ IR) in H2. unfold fails in H2.
    destruct d as [s k]; simpl in *; subst k. discriminate.
  - intros IP I. specialize (H2 _ I). simpl in H2. rewrite (mem_in _ _ IR) in H2.
    destruct (in_dec done_eq d (pivots f)); [discriminate|contradiction].
Qed.

(** What holds where no way leads. *)
Definition nowhere : facts := fs [] [] true.
Definition joined (gs : list facts) : facts := match gs with [] => nowhere | f :: gs => fold_left join gs f end.
Lemma fold_above gs : forall f, below f (fold_left join gs f) /\ forall g, In g gs -> below g (fold_left join gs f).
Proof.
  induction gs as [|h gs IH]; simpl; intros f; [split; [apply below_refl|intros ? []]|].
  destruct (IH (join f h)) as [A B]. destruct (join_above f h) as [J1 J2]. split; [eapply below_trans; eauto|].
  intros g [<-|I]; [eapply below_trans; eauto|auto].
Qed.
Lemma joined_above gs g : In g gs -> below g (joined gs).
Proof. destruct gs as [|f gs]; simpl; [intros []|]. destruct (fold_above gs f) as [A B]. intros [<-|I]; auto. Qed.

(** What holds at the ends of turns, and where the loop is left. [n]: how many turns of each loop are looked at. *)
Definition ways := option (list facts * list facts).
Fixpoint turns (n : nat) (body rest : facts -> ways) (head : facts) : ways :=
  match n with
  | 0 => None
  | Datatypes.S n =>
      match body head with
      | Some (a, l) =>
          if forallb (fun g => belowb g head) a then rest (joined l) else turns n body rest (fold_left join a head)
      | None => None
      end
  end.
Fixpoint check (n : nat) (C : skel) (f : facts) : ways :=
  match C with
  | Fin => Some ([], [])
  | Again => Some ([f], [])
  | Leave => Some ([], [f])
  | Do s k rs C => if inb Nat.eq_dec rs roles && allowedb f k rs then check n C (behind f s k rs) else None
  | Tell p q C => if mem p roles then check n C (tells f p q) else None
  | Choice C1 C2 =>
      match check n C1 f, check n C2 f with
      | Some (a, l), Some (a', l') => Some (a ++ a', l ++ l')
      | _, _ => None
      end
  | Turns B C => turns n (check n B) (check n C) f
  end.

Definition within (L : list (facts * facts)) (a l : list facts) : Prop :=
  match L with
  | [] => a = [] /\ l = []
  | (head, out) :: _ => (forall g, In g a -> below g head) /\ (forall g, In g l -> below g out)
  end.
Lemma within_app L a l a' l' : within L (a ++ a') (l ++ l') -> within L a l /\ within L a' l'.
Proof.
  destruct L as [|[head out] L]; simpl.
  - intros [E1 E2]. apply app_eq_nil in E1, E2. tauto.
  - intros [A B]. split; split; intros g I; (apply A || apply B); apply in_or_app; auto.
Qed.

(** What the program accepts, the rules accept. *)
Theorem check_sound n C : forall f a l, check n C f = Some (a, l) -> forall L, within L a l -> accepts L f C.
Proof.
  induction C as [|s k rs C IH|p q C IH|C1 IH1 C2 IH2|B IHB C IHC| |]; intros f a l H L W; simpl in H.
  - constructor.
  - destruct (inb _ _ _) eqn:E1; simpl in H; try discriminate. destruct (allowedb f k rs) eqn:E2; try discriminate.
    constructor; eauto using inb_sound, allowedb_sound.
  - unfold mem in H. destruct (in_dec Nat.eq_dec p roles); try discriminate. constructor; eauto.
  - destruct (check n C1 f) as [[a1 l1]|] eqn:E1; try discriminate.
    destruct (check n C2 f) as [[a2 l2]|] eqn:E2; try discriminate. inversion H; subst.
    apply within_app in W as [W1 W2]. constructor; eauto.
  - assert (X : forall m g, below f g -> turns m (check n B) (check n C) g = Some (a, l) -> accepts L f (Turns B C)).
    { induction m as [|m IHm]; simpl; intros g FG HG; [discriminate|].
      destruct (check n B g) as [[a1 l1]|] eqn:E1; try discriminate.
      destruct (forallb (fun g' => belowb g' g) a1) eqn:E2.
      - rewrite forallb_forall in E2. apply ATurns with g (joined l1); [exact FG| |eauto].
        eapply IHB; [exact E1|]. split; auto using joined_above, belowb_sound.
      - apply (IHm (fold_left join a1 g)); [|exact HG].
        eapply below_trans; [exact FG|exact (proj1 (fold_above a1 g))]. }
    exact (X n f (below_refl f) H).
  - inversion H; subst. destruct L as [|[head out] L]; destruct W as [W1 W2]; [discriminate|].
    constructor. apply W1; left; reflexivity.
  - inversion H; subst. destruct L as [|[head out] L]; destruct W as [W1 W2]; [discriminate|].
    constructor. apply W2; left; reflexivity.
Qed.
Definition checks (n : nat) (C : skel) : bool :=
  match check n C nothing with Some ([], []) => true | _ => false end.
Corollary checks_sound n C : checks n C = true -> accepts [] nothing C.
Proof.
  unfold checks. destruct (check n C nothing) as [[[|] [|]]|] eqn:E; try discriminate.
  intros _. eapply check_sound; [exact E|]. split; reflexivity.
Qed.
End Rules.
Print Assumptions accepted.
