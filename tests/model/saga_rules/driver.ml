(* Reads one choreography a line, as the saga check sees it: the number of its roles and the words of its text in prefix
   form. Writes 1 where the rules accept it, else 0. *)
open Proved

let turns_max = 50
let words = ref []
let next () = match !words with w :: rest -> words := rest; w | [] -> failwith "the line is too short"
let number () = int_of_string (next ())
let numbers () = let n = number () in List.init n (fun _ -> number ())

let kind () =
  match next () with
  | "fails" -> Fails
  | "safe" -> Safe
  | "commits" -> Commits
  | "final" -> Final
  | word -> failwith ("no such kind: " ^ word)

let rec skel () =
  match next () with
  | "fin" -> Fin
  | "again" -> Again
  | "leave" -> Leave
  | "do" -> let s = number () in let k = kind () in let rs = numbers () in Do (s, k, rs, skel ())
  | "tell" -> let p = number () in let q = number () in Tell (p, q, skel ())
  | "choice" -> let one = skel () in Choice (one, skel ())
  | "turns" -> let body = skel () in Turns (body, skel ())
  | word -> failwith ("no such word: " ^ word)

let line text =
  words := String.split_on_char ' ' text;
  let n = number () in
  let roles = List.init n (fun r -> r) in
  print_endline (if checks roles turns_max (skel ()) then "1" else "0")

let () = try while true do line (input_line stdin) done with End_of_file -> ()
