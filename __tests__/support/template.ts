import { isDeepStrictEqual } from "node:util";
import { TerraformStack as Stack, type TerraformStack, Testing } from "cdktf";
import type { Construct } from "constructs";

type Json = Record<string, unknown>;

/** A resource in the synthesized JSON. Fields are what Terraform reads, in Terraform's spelling. */
// biome-ignore lint/suspicious/noExplicitAny: JSON is asserted on field by field
export type Resource = Record<string, any>;

/** The JSON that Terraform would read, with the look-ups that tests need. */
export class Template {
  private constructor(readonly json: Json) {}

  /** Of a whole stack; validations run as they do in `cdktf synth`. */
  static of(stack: TerraformStack): Template {
    return new Template(JSON.parse(Testing.synth(stack, true)));
  }

  /** Of what `build` adds to an empty stack. */
  static from(build: (scope: Construct) => void): Template {
    const stack = new Stack(Testing.app(), "test");
    build(stack);
    return new Template(JSON.parse(Testing.synth(stack, false)));
  }

  /** All resources of a type, by logical id. */
  all(type: string): Record<string, Resource> {
    return (this.json.resource as Record<string, Record<string, Resource>> | undefined)?.[type] ?? {};
  }

  /** Every resource of a type, or of all types. */
  resources(type?: string): Resource[] {
    const types = type === undefined ? this.types() : [type];
    return types.flatMap((one) => Object.values(this.all(one)));
  }

  /** The one resource of a type whose fields equal `where`; fails where there is none or more than one. */
  only(type: string, where: Resource = {}): Resource {
    const found = this.resources(type).filter((resource) =>
      Object.entries(where).every(([key, value]) => isDeepStrictEqual(resource[key], value)),
    );
    const [resource] = found;
    if (resource === undefined || found.length > 1) {
      throw new Error(
        `${found.length} resources of type ${type} with ${JSON.stringify(where)}; there are ${JSON.stringify(this.all(type))}`,
      );
    }
    return resource;
  }

  types(): string[] {
    return Object.keys((this.json.resource as Json | undefined) ?? {});
  }

  /** `type.logicalId` of every resource. */
  addresses(): string[] {
    return this.types().flatMap((type) => Object.keys(this.all(type)).map((id) => `${type}.${id}`));
  }
}
