import type { Template } from "./template";

/** Who depends on whom in a synthesized stack: `depends_on` and every reference in an expression, followed to the end. */
export class DependencyGraph {
  private readonly edges = new Map<string, ReadonlySet<string>>();

  constructor(template: Template) {
    const addresses = new Set(template.addresses());
    for (const type of template.types()) {
      for (const [id, resource] of Object.entries(template.all(type))) {
        const mentioned = JSON.stringify(resource).matchAll(/\b([a-z][a-z0-9_]*)\.([A-Za-z][A-Za-z0-9_-]*)/g);
        const found = [...mentioned].map(([, kind, name]) => `${kind}.${name}`).filter((one) => addresses.has(one));
        this.edges.set(`${type}.${id}`, new Set(found.filter((one) => one !== `${type}.${id}`)));
      }
    }
  }

  /** Everything that `address` waits for, directly or through others. */
  reachableFrom(address: string): ReadonlySet<string> {
    const reached = new Set<string>();
    const open = [address];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const target of this.edges.get(next) ?? []) {
        if (!reached.has(target)) {
          reached.add(target);
          open.push(target);
        }
      }
    }
    return reached;
  }
}
