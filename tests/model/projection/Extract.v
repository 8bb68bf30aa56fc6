(** The projector of the proof as an OCaml program. Trusted here: Coq's extraction, and that its numbers become OCaml's
    integers, which are large enough for the names of a choreography. *)
Require Import Acc Merge Steps.
Require Import ExtrOcamlBasic ExtrOcamlNatInt.
Extraction "proved.ml" proj wfb toldb.
