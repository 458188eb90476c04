import { combinationsOn } from "../../support/stacks";
import { addresses } from "./addresses";
import { dependencies } from "./dependencies";
import { invariants } from "./invariants";
import { stateSecrets } from "./state-secrets";

const all = combinationsOn("google");

invariants("google", all);
dependencies("google", all);
stateSecrets("google", all);
addresses("google", all);
