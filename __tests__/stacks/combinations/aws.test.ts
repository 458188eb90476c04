import { combinationsOn } from "../../support/stacks";
import { addresses } from "./addresses";
import { dependencies } from "./dependencies";
import { invariants } from "./invariants";
import { stateSecrets } from "./state-secrets";

const all = combinationsOn("aws");

invariants("aws", all);
dependencies("aws", all);
stateSecrets("aws", all);
addresses("aws", all);
