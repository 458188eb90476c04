import { KEPT_NAMES } from "../../stacks/kept-names";
import { code, heading, table } from "./markdown";

const ANSWERS = {
  incarnation: "has the incarnation in its name",
  bootstrap: "lives in bootstrap, which is never destroyed",
};

export function namesPage(): string {
  return [
    ...heading("Names that a cloud keeps"),
    "Some names cannot be used again at once, or ever, after a resource is gone. Two rules make a second deploy possible all the same:",
    "what an environment's own stack makes has the `incarnation` in its name, so that raising it by one gives new names; what can never",
    "be made twice lives in the bootstrap stack, which outlives the environment.",
    "",
    ...table(
      ["kind", "argument", "the name is kept", "so it"],
      KEPT_NAMES.map(({ type, argument, kept, answer }) => [code(type), code(argument), kept, ANSWERS[answer]]),
    ),
    "A `disposable` environment asks for no recovery window and keeps no final snapshot: it can be deployed, destroyed and deployed again",
    "without raising the incarnation, except on Cloud SQL, which keeps the name of an instance for a week.",
  ].join("\n");
}
