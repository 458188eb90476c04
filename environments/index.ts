import { production } from "./production";
import type { EnvironmentInput } from "./schema";
import { staging } from "./staging";

/** Every environment that this program deploys: one stack each, and one bootstrap stack each. */
export const environments: readonly EnvironmentInput[] = [staging, production];
