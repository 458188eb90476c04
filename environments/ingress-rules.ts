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
        allowed: '"traefik" where edge.type is "none": something must end TLS',
        remedy: "name an ingress controller, or leave edge out",
      }),
  },
  {
    reads: ["knative", "knativeIngress"],
    check: ({ knative, knativeIngress }) => [
      ...refuseIf(knative && knativeIngress === undefined, {
        path: "knativeIngress",
        given: knativeIngress,
        allowed: '"kourier" where knative is true; an ALB is none, it stands before one',
        remedy: 'set knativeIngress to "kourier"',
      }),
      ...refuseIf(!knative && knativeIngress !== undefined, {
        path: "knativeIngress",
        given: knativeIngress,
        allowed: "nothing where Knative does not run",
        remedy: "set knative to true, or leave knativeIngress out",
      }),
    ],
  },
  {
    reads: ["edge"],
    check: ({ edge }) =>
      edge.type === "none" && edge.acme.challenge === "http-01"
        ? [
            ...refuseIf(!edge.allowedCidrs.includes("0.0.0.0/0"), {
              path: "edge.acme.challenge",
              given: "http-01",
              allowed: '"dns-01" where edge.allowedCidrs keeps the authority out',
              remedy: "leave edge.acme.challenge out, or open the site to everybody",
            }),
          ]
        : [],
  },
];

function refuseIf(isWrong: boolean, { path, given, allowed, remedy }: Fault): Fault[] {
  return isWrong ? [fault(path, given, allowed, remedy)] : [];
}
