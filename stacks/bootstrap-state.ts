import { LocalBackend, type TerraformStack } from "cdktf";
import { refuse } from "../constructs/core/errors";

/** Names the place of the bootstrap stacks' state; unset but for an account's or a project's first deploy. */
export const BOOTSTRAP_STATE = "MOODLE_PLATFORM_BOOTSTRAP_STATE";

/**
 * A bootstrap stack makes the bucket in which its own state is to live, so that its first deploy cannot use it yet:
 * with `MOODLE_PLATFORM_BOOTSTRAP_STATE=local` the state is a file in the working directory. The second deploy, without
 * the variable and with `--migrate-state`, moves it into the bucket, and there it stays.
 *
 * @param addRemoteBackend adds the backend in the bucket
 * @throws ConfigurationError where the variable holds anything but `local`
 */
export function addBootstrapBackend(
  stack: TerraformStack,
  addRemoteBackend: () => void,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): void {
  const place = variables[BOOTSTRAP_STATE];
  if (place === undefined || place === "") addRemoteBackend();
  else if (place === "local") new LocalBackend(stack, { path: `${process.cwd()}/terraform.${stack.node.id}.tfstate` });
  else {
    refuse(stack.node.path, {
      path: BOOTSTRAP_STATE,
      given: place,
      allowed: '"local", or unset',
      remedy: "set it to local for the first deploy, then unset it",
    });
  }
}
