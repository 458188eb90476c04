/** One thing that is wrong with a configuration, in the four parts a reader needs to mend it. */
export interface Fault {
  /** Where: the path of the field, e.g. `production.database.instanceClass`. */
  readonly path: string;
  /** What was given. */
  readonly given: unknown;
  /** What is allowed there. */
  readonly allowed: string;
  /** What to do. */
  readonly remedy: string;
}

/** A configuration that cannot work. It carries every fault found, not only the first. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(readonly faults: readonly Fault[]) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super([`the configuration has ${count}`, ...faults.map(describe)].join("\n"));
  }
}

/** For a construct's constructor: refuses one property of one construct. */
export function refuse(constructPath: string, fault: Fault): never {
  throw new ConfigurationError([{ ...fault, path: `${constructPath}.${fault.path}` }]);
}

function describe({ path, given, allowed, remedy }: Fault): string {
  return [`  ${path}`, `    given:   ${show(given)}`, `    allowed: ${allowed}`, `    remedy:  ${remedy}`].join("\n");
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
}
