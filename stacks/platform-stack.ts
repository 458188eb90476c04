import { TerraformStack } from "cdktf";

/**
 * A stack that reads no other stack's state: such a reference would copy the value, secret or not, into both states.
 * What two stacks share are names, computed by each.
 */
export abstract class PlatformStack extends TerraformStack {
  /** cdktf resolves every element once more here, only to find references to other stacks. */
  override prepareStack(): void {
    this.ensureBackendExists();
  }
}
