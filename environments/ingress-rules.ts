/** Rules of how requests reach the site: edge, ingress controller and Knative, chosen apart and checked together. */
import type { Fault } from "../constructs/core/errors";
import { fault, type Rule } from "./shared-rules";
import type { SizedEnvironment } from "./sizing/environment";

export const INGRESS_RULES: readonly Rule<SizedEnvironment>[] = [
  {
    reads: ["edge", "ingressController"],
    check: ({ edge, ingressController }) =>
      refuseIf(edge.type === "none" && ingressController === undefined, {
        path: "ingressController",
        given: ingressController,
        allowed: '"nginx", "traefik", "contour" or "istio" where edge.type is "none": something must end TLS',
        remedy: "name an ingress controller, or leave edge out",
      }),
  },
  {
    reads: ["model", "knative"],
    check: ({ model, knative }) =>
      refuseIf(model === "serverless" && knative === false, {
        path: "knative",
        given: knative,
        allowed: 'true where model is "serverless", whose web pods are a Knative Service',
        remedy: 'leave knative out, or set model to "managed"',
      }),
  },
  {
    reads: ["model", "knative", "knativeIngress"],
    check: ({ model, knative, knativeIngress }) => {
      const isOn = knative ?? model === "serverless";
      return [
        ...refuseIf(knative === true && model !== "serverless" && knativeIngress === undefined, {
          path: "knativeIngress",
          given: knativeIngress,
          allowed: '"kourier", "contour" or "istio" where knative is true; an ALB is none, it stands before one',
          remedy: 'name one; "kourier" comes with Knative',
        }),
        ...refuseIf(!isOn && knativeIngress !== undefined, {
          path: "knativeIngress",
          given: knativeIngress,
          allowed: "nothing where Knative does not run",
          remedy: "set knative to true, or leave knativeIngress out",
        }),
      ];
    },
  },
  {
    reads: ["model", "knative", "moodle.cron.trigger"],
    check: ({ model, knative, moodle }) =>
      refuseIf(moodle.cron.trigger === "ping-source" && !(knative ?? model === "serverless"), {
        path: "moodle.cron.trigger",
        given: "ping-source",
        allowed: '"workers" or "cron-job" where Knative does not run',
        remedy: "set knative to true, or leave moodle.cron.trigger out",
      }),
  },
  {
    reads: ["edge", "ingressController"],
    check: ({ edge, ingressController }) =>
      edge.type === "none" && edge.acme.challenge === "http-01"
        ? [
            ...refuseIf(ingressController === "istio", {
              path: "edge.acme.challenge",
              given: "http-01",
              allowed: '"dns-01" with istio, whose gateway listens for a host only once it has its certificate',
              remedy: "leave edge.acme.challenge out, or choose another ingress controller",
            }),
            ...refuseIf(!edge.allowedCidrs.includes("0.0.0.0/0"), {
              path: "edge.acme.challenge",
              given: "http-01",
              allowed: '"dns-01" where edge.allowedCidrs keeps the authority out',
              remedy: "leave edge.acme.challenge out, or open the site to everybody",
            }),
          ]
        : [],
  },
  {
    reads: ["delivery", "model", "ingressController", "knativeIngress"],
    check: ({ delivery, model, ingressController, knativeIngress }) => {
      const isServerless = model === "serverless";
      const isOneIstio = isServerless && ingressController === "istio" && knativeIngress === "istio";
      const isElsewhere = (isServerless && ingressController !== undefined) || ingressController === "istio";
      return refuseIf(delivery === "operator" && isElsewhere && !isOneIstio, {
        path: "delivery",
        given: delivery,
        allowed: `"helm" with ${isServerless ? "an ingress controller before Knative" : "istio"}: routes are then in the namespace of a gateway, where the operator has no rights`,
        remedy: "leave delivery out, or choose another ingress controller",
      });
    },
  },
  {
    reads: ["protection", "edge", "model", "ingressController", "knativeIngress", "moodle.loginRequestsPerMinute"],
    check: (environment) => {
      const { loginRequestsPerMinute } = environment.moodle;
      return refuseIf(loginRequestsPerMinute !== undefined && !limitsLogin(environment), {
        path: "moodle.loginRequestsPerMinute",
        given: loginRequestsPerMinute,
        allowed:
          "nothing where neither AWS WAF, nor Cloud Armor before a site that is open to everybody, nor an ingress controller before the site reads requests; one Istio for Knative and the site does not",
        remedy: "turn edge.waf or edge.cloudArmor on, name an ingress controller, or leave it out",
      });
    },
  },
  {
    reads: ["model", "moodle.web"],
    check: ({ model, moodle: { web } }) => {
      const isServerless = model === "serverless";
      return [
        ...refuseIf(!isServerless && web.minReplicas === 0, {
          path: "moodle.web.minReplicas",
          given: 0,
          allowed: '1 or more, or 0 where model is "serverless": a Deployment answers nothing without a pod',
          remedy: 'raise minReplicas, or set model to "serverless"',
        }),
        ...refuseIf(isServerless && web.autoscaling !== undefined, {
          path: "moodle.web.autoscaling",
          given: web.autoscaling,
          allowed: 'nothing where model is "serverless": Knative scales by requests under way',
          remedy: "leave moodle.web.autoscaling out",
        }),
      ];
    },
  },
];

/** Whether anything counts the requests to the pages of the login. */
function limitsLogin({ protection, edge, model, ingressController, knativeIngress }: SizedEnvironment): boolean {
  const isDisposable = protection === "disposable";
  if (edge.type === "alb" && (edge.waf ?? !isDisposable)) return true;
  if (edge.type === "gateway" && (edge.cloudArmor ?? !isDisposable) && edge.allowedCidrs.includes("0.0.0.0/0"))
    return true;
  const isOneIstio = model === "serverless" && ingressController === "istio" && knativeIngress === "istio";
  return ingressController !== undefined && !isOneIstio;
}

function refuseIf(isWrong: boolean, { path, given, allowed, remedy }: Fault): Fault[] {
  return isWrong ? [fault(path, given, allowed, remedy)] : [];
}
