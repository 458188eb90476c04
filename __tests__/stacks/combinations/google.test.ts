import { combinationsOn } from "../../support/stacks";
import { addresses } from "./addresses";
import { dataSafety } from "./data-safety";
import { dependencies } from "./dependencies";
import { inference } from "./inference";
import { invariants } from "./invariants";
import { operator } from "./operator";
import { projectGrants } from "./project-grants";
import { stateSecrets } from "./state-secrets";

const all = combinationsOn("google");

dataSafety("google", all);
invariants("google", all);
dependencies("google", all);
stateSecrets("google", all);
addresses("google", all);
inference("google", all);
operator("google", all);
projectGrants(all);
