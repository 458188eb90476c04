import { ConfigurationError, type Fault } from "../../constructs/core/errors";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { staging as aws } from "../../examples/aws/staging";
import { staging as google } from "../../examples/google/staging";

function faultsOf(base: object, change: object): readonly Fault[] {
  try {
    loadEnvironments([{ ...base, ...change } as EnvironmentInput]);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const campus = ["198.51.100.0/24"];

test.each<[string, object, object, string, RegExp]>([
  ["an ALB on Google Cloud", google, { edge: { type: "alb" } }, "edge.type", /^"gateway" or "none"$/],
  ["Google's Gateway on AWS", aws, { edge: { type: "gateway" } }, "edge.type", /^"alb" or "none"$/],
  [
    "no edge where nothing else ends TLS",
    aws,
    { edge: { type: "none" } },
    "ingressController",
    /something must end TLS/,
  ],
  ["a WAF where nothing reads requests", aws, edgeNone({ waf: true }), "edge.waf", /no such field/],
  [
    "Cloud Armor where nothing reads requests",
    google,
    edgeNone({ cloudArmor: true }),
    "edge.cloudArmor",
    /no such field/,
  ],
  ["CloudFront where nothing reads requests", aws, edgeNone({ cdn: true }), "edge.cdn", /CloudFront would end TLS/],
  [
    "CloudFront on Google Cloud",
    google,
    { edge: { cdn: true } },
    "edge.cdn",
    /Cloud CDN would answer before Cloud Armor has asked/,
  ],
  ["CloudFront in China", aws, { region: "cn-north-1", edge: { cdn: true } }, "edge.cdn", /^false in cn-north-1/],
  [
    "CloudFront for a campus that nobody tells from the rest",
    aws,
    { edge: { cdn: true, allowedCidrs: campus } },
    "edge.waf",
    /^true where edge\.cdn is/,
  ],
  ["certificates of ACME behind an ALB", aws, { edge: { acme: {} } }, "edge.acme", /no such field/],
  [
    "a challenge over HTTP that the authority cannot reach",
    aws,
    edgeNone({ acme: { challenge: "http-01" }, allowedCidrs: campus }),
    "edge.acme.challenge",
    /"dns-01" where edge\.allowedCidrs/,
  ],
  [
    "a challenge over HTTP with Istio",
    google,
    { ...edgeNone({ acme: { challenge: "http-01" } }), ingressController: "istio" },
    "edge.acme.challenge",
    /"dns-01" with istio/,
  ],
  [
    "an operator without rights in the namespace of Knative's gateway",
    aws,
    { model: "serverless", ingressController: "nginx", delivery: "operator" },
    "delivery",
    /"helm" with an ingress controller before Knative/,
  ],
  [
    "an operator without rights in Istio's namespace",
    google,
    { ingressController: "istio", delivery: "operator" },
    "delivery",
    /"helm" with istio/,
  ],
  ["an ALB as ingress controller", aws, { ingressController: "alb" }, "ingressController", /"traefik"/],
  [
    "a serverless site without Knative",
    aws,
    { model: "serverless", knative: false },
    "knative",
    /whose web pods are a Knative Service/,
  ],
  [
    "no pod at all behind a Deployment",
    aws,
    moodle({ web: { minReplicas: 0 } }),
    "moodle.web.minReplicas",
    /serverless/,
  ],
  [
    "KEDA where Knative scales",
    aws,
    { model: "serverless", ...moodle({ web: { autoscaling: { prometheusAddress: "http://prometheus:9090" } } }) },
    "moodle.web.autoscaling",
    /Knative scales by requests/,
  ],
  [
    "tasks by events without Knative",
    aws,
    moodle({ cron: { trigger: "ping-source" } }),
    "moodle.cron.trigger",
    /"workers" or "cron-job" where Knative does not run/,
  ],
  [
    "a limit of the login that nothing keeps on AWS",
    aws,
    moodle({ loginRequestsPerMinute: 100 }),
    "moodle.loginRequestsPerMinute",
    /nothing where neither AWS WAF/,
  ],
  [
    "a limit of the login that Cloud Armor cannot keep for a campus alone",
    google,
    { edge: { cloudArmor: true, allowedCidrs: campus }, moodle: { ...google.moodle, loginRequestsPerMinute: 100 } },
    "moodle.loginRequestsPerMinute",
    /open to everybody/,
  ],
  [
    "a limit of the login by Knative's own Istio",
    aws,
    {
      model: "serverless",
      knativeIngress: "istio",
      ...moodle({ loginRequestsPerMinute: 100 }),
      edge: { type: "none" },
      ingressController: "istio",
    },
    "moodle.loginRequestsPerMinute",
    /one Istio for Knative and the site does not/,
  ],
  ["an ALB as Knative's ingress", aws, { knative: true, knativeIngress: "alb" }, "knativeIngress", /"kourier"/],
  ["Knative without what carries its requests", google, { knative: true }, "knativeIngress", /an ALB is none/],
  ["what carries Knative's requests, without it", aws, { knativeIngress: "kourier" }, "knativeIngress", /not run/],
])("refuses %s", (_, base, change, path, allowed) => {
  expect(faultsOf(base, change)).toMatchObject([
    { path: `staging.${path}`, allowed: expect.stringMatching(allowed), remedy: expect.stringMatching(/\S+ \S+/) },
  ]);
});

function edgeNone(edge: object) {
  return { edge: { type: "none", ...edge }, ingressController: "traefik" };
}

function moodle(change: object) {
  return { moodle: { ...aws.moodle, ...change } };
}

test.each<[string, object, object]>([
  ["a controller behind an ALB", aws, { ingressController: "traefik" }],
  ["a controller behind Google's Gateway", google, { ingressController: "traefik" }],
  ["a controller of its own on AWS", aws, edgeNone({})],
  [
    "one Istio for the edge and for Knative",
    aws,
    { ingressController: "istio", knative: true, knativeIngress: "istio" },
  ],
  ["a limit of the login by AWS WAF", aws, { edge: { waf: true }, ...moodle({ loginRequestsPerMinute: 100 }) }],
  [
    "a limit of the login by Cloud Armor",
    google,
    { edge: { cloudArmor: true }, moodle: { ...google.moodle, loginRequestsPerMinute: 100 } },
  ],
  ["a limit of the login by traefik", aws, { ...edgeNone({}), ...moodle({ loginRequestsPerMinute: 100 }) }],
  ["tasks by a CronJob without Knative", aws, moodle({ cron: { trigger: "cron-job" } })],
  ["a serverless site with events", google, { model: "serverless", ...moodle({ cron: { trigger: "ping-source" } }) }],
  ["a controller of its own on Google Cloud, for a campus alone", google, edgeNone({ allowedCidrs: campus })],
])("takes %s", (_, base, change) => {
  expect(faultsOf(base, change)).toEqual([]);
});

test("CloudFront is off unless it is asked for, and a protected site has AWS WAF before it for a campus as well", () => {
  const [environment] = loadEnvironments([aws]);
  expect(environment?.edge).toMatchObject({ cdn: false });
  expect(faultsOf(aws, { edge: { cdn: true } })).toEqual([]);
  expect(faultsOf(aws, { edge: { cdn: true, waf: true, allowedCidrs: campus } })).toEqual([]);
  expect(faultsOf(aws, { protection: "protected", edge: { cdn: true, allowedCidrs: campus } })).toEqual([]);
});

test("as many logins a minute as two for each student", () => {
  const [environment] = loadEnvironments([{ ...aws, sizing: { concurrentStudents: 500 } }]);
  expect(environment?.moodle.loginRequestsPerMinute).toBe(1000);
});

test("the ACME authority writes to the site's administrator", () => {
  const [environment] = loadEnvironments([{ ...aws, ...edgeNone({}) } as EnvironmentInput]);
  expect(environment?.edge).toMatchObject({ acme: { challenge: "dns-01", email: aws.moodle.adminEmail } });
});

test("a serverless site scales to zero by Kourier, unless it says otherwise", () => {
  const [environment] = loadEnvironments([{ ...aws, model: "serverless" }]);
  expect(environment).toMatchObject({ knative: true, knativeIngress: "kourier", moodle: { web: { minReplicas: 0 } } });
  const [named] = loadEnvironments([{ ...aws, model: "serverless", knativeIngress: "contour" }]);
  expect(named?.knativeIngress).toBe("contour");
});

test("Knative is off unless something asks for it", () => {
  const [environment] = loadEnvironments([aws]);
  expect(environment).toMatchObject({ knative: false, knativeIngress: undefined });
});
