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
    seen by reading, and searched by tests/model/test_random_sagas.py. A run is one of the choreography, where no step
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
Definition done := (site * kind)%type.
Record facts := fs { unknown : role -> list done; pivots : list done; committed : bool }.
(** Where [a] holds, [b] does too: it has all that may be so in [a], and nothing that must be so which [a] lacks. *)
Definition below (a b : facts) :=
  (forall r, incl (unknown a r) (unknown b r)) /\ incl (pivots a) (pivots b) /\
  (committed b = true -> committed a = true).
Definition join (a b : facts) : facts :=
  fs (fun r => unknown a r ++ unknown b r) (pivots a ++ pivots b) (committed a && committed b).
(** May-facts are joined by union and must-facts by intersection: the join says of both ways what it can, and no less
    than it can. *)
Theorem join_above a b : below a (join a b) /\ below b (join a b).
Proof.
  repeat split; simpl; try (intros; apply incl_appl, incl_refl); try (intros; apply incl_appr, incl_refl);
    destruct (committed a), (committed b); auto.
Qed.
Theorem join_least a b c : below a c -> below b c -> below (join a b) c.
Proof.
  intros (A & B & C) (A' & B' & C'). repeat split; simpl; try (intros; apply incl_app; auto).
  intros E. now rewrite (C E), (C' E).
Qed.

Definition done_eq (a b : done) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.
Definition does (f : facts) (d : done) (rs : list role) : facts :=
  fs (fun r => if in_dec Nat.eq_dec r rs then unknown f r else d :: unknown f r) (pivots f) (committed f).
Definition tells (f : facts) (p q : role) : facts :=
  let both := filter (fun d => if in_dec done_eq d (unknown f p) then true else false) (unknown f q) in
  fs (fun r => if Nat.eqb r q then both else unknown f r) (pivots f) (committed f).
Definition passes (f : facts) (d : done) : facts := fs (unknown f) (d :: pivots f) true.

(** ** The rules: the table of docs/language/saga.md *)
Definition allowed (f : facts) (k : kind) (rs : list role) : Prop :=
  match k with
  | Safe => True
  | Fails => pivots f = []                                                    (* ACC151, ACC159 *)
  | Commits => pivots f = [] /\                                               (* ACC152 *)
      forall r d, In r rs -> In d (unknown f r) -> snd d <> Fails             (* ACC150, ACC159 *)
  | Final => committed f = true /\                                            (* ACC153 *)
      forall r d, In r rs -> In d (pivots f) -> ~ In d (unknown f r)          (* ACC153, at another role *)
  end.
Definition behind (f : facts) (s : site) (k : kind) (rs : list role) : facts :=
  match k with Commits => passes (does f (s, k) rs) (s, k) | _ => does f (s, k) rs end.

(** [accepts L f C]: the check accepts [C] where [f] holds. [L] has what holds where a turn of each loop around begins,
    and behind that loop: the end of a turn may know less, never more (ACC158 for a commit point in a loop). *)
Inductive accepts : list (facts * facts) -> facts -> skel -> Prop :=
| AFin L f : accepts L f Fin
| ADo L f s k rs C : allowed f k rs -> accepts L (behind f s k rs) C -> accepts L f (Do s k rs C)
| ATell L f p q C : accepts L (tells f p q) C -> accepts L f (Tell p q C)
| AChoice L f C1 C2 : accepts L f C1 -> accepts L f C2 -> accepts L f (Choice C1 C2)
| ATurns L f head out B C : below f head -> accepts ((head, out) :: L) head B -> accepts L out C ->
    accepts L f (Turns B C)
| AAgain L f head out : below f head -> accepts ((head, out) :: L) f Again
| ALeave L f head out : below f out -> accepts ((head, out) :: L) f Leave.

(** ** Soundness *)
Definition sure (f : facts) (S : state) :=
  (forall r e, In e (happened S) -> ~ In (name e) (knows S r) -> In (at_site e, what e) (unknown f r)) /\
  (forall e, In e (happened S) -> what e = Commits -> In (at_site e, what e) (pivots f)) /\
  (committed f = true -> exists e, In e (happened S) /\ what e = Commits).
Definition good (S : state) :=
  (forall e, In e (happened S) -> name e < length (happened S)) /\
  (forall c d, In c (happened S) -> In d (happened S) -> what c = Commits -> what d = Commits -> c = d) /\
  (forall c e, In c (happened S) -> In e (happened S) -> what c = Commits -> what e = Fails -> In (name e) (past c)) /\
  (forall e, In e (happened S) -> what e = Final ->
     exists c, In c (happened S) /\ what c = Commits /\ In (name c) (past e)).

Lemma sure_below f g now : below f g -> sure f now -> sure g now.
Proof. intros (A & B & C) (X & Y & Z). split; [|split]; [intros r e I N; apply A|intros; apply B|]; auto. Qed.

Fixpoint around (L : list (facts * facts)) (K : list (skel * skel)) : Prop :=
  match L, K with
  | [], [] => True
  | (head, out) :: L, (B, C) :: K => accepts ((head, out) :: L) head B /\ accepts L out C /\ around L K
  | _, _ => False
  end.
Definition inv (c : conf) : Prop :=
  let '(C, K, now) := c in exists L f, accepts L f C /\ around L K /\ sure f now /\ good now.

Lemma sure_does f s k r rs H K : sure f (st H K) -> k <> Commits ->
  sure (does f (s, k) (r :: rs)) (st (ev (length H) s k (K r) :: H) (learns K (r :: rs) (length H))).
Proof.
  intros (X & Y & Z) NC. unfold sure, learns; simpl in *. repeat split.
  - intros r' e [<-|I] NK; simpl in *.
    + destruct (Nat.eq_dec r r') as [->|D]; [simpl in NK; tauto|].
      destruct (in_dec Nat.eq_dec r' rs); simpl in *; tauto.
    + destruct (Nat.eq_dec r r') as [->|D]; [apply X; auto; simpl in NK; tauto|].
      destruct (in_dec Nat.eq_dec r' rs); [apply X; auto; simpl in NK; tauto|right; apply X; auto].
  - intros e [<-|I] W; simpl in *; [congruence|auto].
  - intros E. destruct (Z E) as (e & I & W). exists e; auto.
Qed.

Lemma sure_behind f s k r rs H K : sure f (st H K) ->
  sure (behind f s k (r :: rs)) (st (ev (length H) s k (K r) :: H) (learns K (r :: rs) (length H))).
Proof.
  intros X. destruct k; try (apply sure_does; auto; discriminate). destruct X as (X & Y & Z). unfold sure, learns.
  simpl in *. repeat split.
  - intros r' e [<-|I] NK; simpl in *.
    + destruct (Nat.eq_dec r r') as [->|D]; [simpl in NK; tauto|].
      destruct (in_dec Nat.eq_dec r' rs); simpl in *; tauto.
    + destruct (Nat.eq_dec r r') as [->|D]; [apply X; auto; simpl in NK; tauto|].
      destruct (in_dec Nat.eq_dec r' rs); [apply X; auto; simpl in NK; tauto|right; apply X; auto].
  - intros e [<-|I] W; simpl in *; auto.
  - intros _. eexists; split; [left; reflexivity|reflexivity].
Qed.

Lemma good_does f s k r rs H K : allowed f k (r :: rs) -> sure f (st H K) -> good (st H K) ->
  good (st (ev (length H) s k (K r) :: H) (learns K (r :: rs) (length H))).
Proof.
  intros A (X & Y & Z) (G1 & G2 & G3 & G4). unfold good; simpl in *.
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

Lemma sure_tells f p q H K : sure f (st H K) ->
  sure (tells f p q) (st H (fun r => if Nat.eqb r q then K p ++ K q else K r)).
Proof.
  intros (X & Y & Z). repeat split; simpl in *; auto.
  intros r e I NK. destruct (Nat.eqb_spec r q) as [->|D]; auto.
  assert (NP : ~ In (name e) (K p)) by (intro; apply NK, in_or_app; auto).
  assert (NQ : ~ In (name e) (K q)) by (intro; apply NK, in_or_app; auto).
  apply filter_In. split; auto.
  destruct (in_dec done_eq (at_site e, what e) (unknown f p)) as [|N]; auto.
Qed.

Lemma inv_step c c' : step c c' -> inv c -> inv c'.
Proof.
  intros H IN; destruct H; destruct IN as (LL & f & A & R & SU & G); inversion A; subst.
  - exists LL, (behind f s k (r :: rs)). repeat (split; [assumption|]).
    split; [apply sure_behind|eapply good_does]; eauto.
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
Definition nothing : facts := fs (fun _ => []) [] false.
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
      + repeat split; simpl; [intros ? ? []|intros ? []|discriminate].
      + repeat split; simpl; intros; contradiction.
    - eapply inv_step; eauto. }
  destruct I as (L' & f & _ & _ & _ & _ & G2 & G3 & G4); auto.
Qed.
Print Assumptions accepted.
