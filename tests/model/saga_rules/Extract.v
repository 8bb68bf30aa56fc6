(** The rules of the saga check as an OCaml program. *)
Require Import Check.
Require Import ExtrOcamlBasic ExtrOcamlNatInt.
Extraction "proved.ml" checks.
