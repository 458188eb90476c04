/** The site's route by the resources of each ingress controller, on a cluster that checks every field. */
import type { IngressControllerRoute } from "../../constructs/ports";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { check } from "./support/apply";
import { objectsOf, only, site, synthesize, template } from "./support/moodle-site";
import { mayReach, podLabels, reachableBy } from "./support/network";
import { createNamespace, describeOnTestbed } from "./support/testbed";

const KINDS = {
  nginx: ["Policy", "VirtualServer"],
  traefik: ["IngressRoute", "Middleware"],
  contour: ["HTTPProxy"],
  istio: ["Gateway", "VirtualService", "EnvoyFilter"],
} as const;
const CONTROLLERS = Object.keys(KINDS) as (keyof typeof KINDS)[];
const CERTIFICATES = {
  "behind TLS": undefined,
  "with a certificate by DNS": { issuerName: "acme", challenge: "dns-01" },
  "with a certificate by HTTP": { issuerName: "acme", challenge: "http-01" },
} as const satisfies Record<string, IngressControllerRoute["certificate"]>;
const namespace = "controllers";

async function render(kind: IngressControllerRoute["kind"], certificate?: IngressControllerRoute["certificate"]) {
  const { release, values } = synthesize(site(namespace, { route: ports.controllerRoute(kind, certificate) }));
  const manifests = await template(release, values, namespace);
  return { manifests, objects: objectsOf(manifests) };
}

/** Only what belongs to the route, the rest of the chart being checked elsewhere. */
function routeOf(manifests: string, kinds: readonly string[]): string {
  const wanted = new RegExp(`^kind: (${[...kinds, "Certificate"].join("|")})$`, "m");
  return manifests
    .split(/^---$/m)
    .filter((manifest) => wanted.test(manifest))
    .join("\n---\n");
}

describeOnTestbed("charts/moodle behind an ingress controller", () => {
  beforeAll(() => Promise.all([namespace, "istio"].map(createNamespace)));

  describe.each(CONTROLLERS)("%s", (kind) => {
    test.each(Object.entries(CERTIFICATES))("has no field that its definitions lack, %s", async (_, certificate) => {
      const { manifests, objects } = await render(kind, certificate);
      const known = await check(routeOf(manifests, KINDS[kind]));
      const kinds: readonly string[] = [...KINDS[kind], "Certificate"];
      expect(known).toHaveLength(objects.filter((one) => kinds.includes(one.kind)).length);
      expect(known.length).toBeGreaterThanOrEqual(KINDS[kind].length);
    });

    test("limits requests of the login, and lets an answer take as long as the site's own", async () => {
      const { objects } = await render(kind);
      const text = JSON.stringify(objects.filter((one) => (KINDS[kind] as readonly string[]).includes(one.kind)));
      expect(text).toContain("/login/");
      expect(text).toContain("600");
      if (kind !== "traefik") expect(text).toContain("300s");
    });

    test("alone may reach the site, which believes what it says of visitors", async () => {
      const { objects } = await render(kind);
      expect(reachableBy(objects, podLabels(objects).web ?? {})).toEqual([`${kind} 8080`, "moodle-test 8080"].sort());
      expect(only(objects, "ConfigMap", "moodle-configuration").data.MOODLE_TRUSTED_PROXIES).toBe(
        "10.20.0.0/16 10.20.0.0/24 10.20.1.0/24",
      );
    });

    test("sends those who come without TLS to it, where TLS ends there, and tells browsers to stay", async () => {
      const { objects } = await render(kind, CERTIFICATES["with a certificate by DNS"]);
      const text = JSON.stringify(objects);
      expect(text).toMatch(/redirect|"virtualhost":{"fqdn":"moodle.example.edu","tls"/i);
      expect(text).toContain("max-age=31536000");
    });
  });

  test("an upload passes NGINX, which limits bodies", async () => {
    const { objects } = await render("nginx");
    const [upstream] = only(objects, "VirtualServer", "moodle").spec.upstreams;
    expect(upstream).toMatchObject({ "client-max-body-size": "272m" });
  });

  test("Traefik tells visitors apart by the address that the load balancer saw", async () => {
    const { objects } = await render("traefik");
    const { rateLimit } = only(objects, "Middleware", "moodle-login").spec;
    expect(rateLimit.sourceCriterion.ipStrategy.excludedIPs).toEqual(ports.targetGroup.proxyCidrs);
  });

  test.each([
    ["nginx", 0],
    ["traefik", 1],
  ] as const)("%s: %d certificates by the chart, and the authority's question gets through", async (kind, count) => {
    const { objects } = await render(kind, CERTIFICATES["with a certificate by HTTP"]);
    expect(objects.filter((one: Resource) => one.kind === "Certificate")).toHaveLength(count);
    const solver = { "acme.cert-manager.io/http01-solver": "true" };
    expect(reachableBy(objects, solver)).toEqual([`${kind} 8089`]);
    expect(mayReach(objects, solver)).toBeUndefined();
  });

  test("Istio's certificate is where its gateway looks", async () => {
    const { objects } = await render("istio", CERTIFICATES["with a certificate by DNS"]);
    expect(only(objects, "Certificate", "moodle").metadata.namespace).toBe("istio");
  });
});
