(* Reads one choreography a line, as the number of its roles and the words of its text in prefix form; writes whether it
   is well-formed, and for each role its program, "-" where the projector has none. Beside the proved projector there is
   only reading and printing here. *)
open Proved

let words = ref []
let next () = match !words with w :: rest -> words := rest; w | [] -> failwith "the line is too short"
let number () = int_of_string (next ())
let maybe () = match number () with -1 -> None | n -> Some n
let numbers () = let n = number () in List.init n (fun _ -> number ())

let rec chor () =
  match next () with
  | "end" -> End
  | "again" -> Again
  | "leave" -> Leave
  | "msg" ->
      let s = number () in let p = number () in let e = maybe () in let l = maybe () in let q = number () in
      let x = maybe () in Msg (s, p, e, l, q, x, chor ())
  | "act" ->
      let s = number () in let p = number () in let o = number () in let e = number () in let x = maybe () in
      Act (s, p, o, e, x, chor ())
  | "let" -> let rs = numbers () in let x = number () in let e = number () in Let (rs, x, e, chor ())
  | "if" -> let rs = numbers () in let e = number () in let one = chor () in If (rs, e, one, chor ())
  | "loop" -> let s = number () in let rs = numbers () in let body = chor () in Loop (s, rs, body, chor ())
  | "abort" -> let p = number () in Abort (p, number ())
  | word -> failwith ("no such word: " ^ word)

let out = Buffer.create 65536
let word w = Buffer.add_string out w; Buffer.add_char out ' '
let num n = word (string_of_int n)
let opt = function None -> num (-1) | Some n -> num n

let rec proc = function
  | PEnd -> word "end"
  | PSend (s, q, e, l, p) -> word "send"; num s; num q; opt e; opt l; proc p
  | PRecv (s, p, x, rest) -> word "recv"; num s; num p; opt x; proc rest
  | PArm (s, p, l, x, body, arms) -> word "arm"; num s; num p; num l; opt x; proc body; proc arms
  | PNo (s, p) -> word "no"; num s; num p
  | PAct (s, o, e, x, p) -> word "act"; num s; num o; num e; opt x; proc p
  | PLet (x, e, p) -> word "let"; num x; num e; proc p
  | PIf (e, p, q) -> word "if"; num e; proc p; proc q
  | PLoop (s, body, p) -> word "loop"; num s; proc body; proc p
  | PAgain -> word "again"
  | PLeave -> word "leave"
  | PAbort e -> word "abort"; num e
  | PStop -> word "stop"

let line text =
  words := String.split_on_char ' ' text;
  let roles = number () in
  let c = chor () in
  let every = List.init roles (fun r -> r) in
  word (if wfb c && toldb every None c then "1" else "0");
  for r = 0 to roles - 1 do
    word ";";
    match proj r c with Some p -> proc p | None -> word "-"
  done;
  print_endline (Buffer.contents out);
  Buffer.clear out

let () = try while true do line (input_line stdin) done with End_of_file -> ()
