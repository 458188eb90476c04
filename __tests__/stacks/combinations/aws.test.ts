import { combinationsOn } from "../../support/stacks";
import { addresses } from "./addresses";
import { dataSafety } from "./data-safety";
import { dependencies } from "./dependencies";
import { inference } from "./inference";
import { invariants } from "./invariants";
import { operator } from "./operator";
import { stateSecrets } from "./state-secrets";

const all = combinationsOn("aws");

dataSafety("aws", all);
invariants("aws", all);
dependencies("aws", all);
stateSecrets("aws", all);
addresses("aws", all);
inference("aws", all);
operator("aws", all);
