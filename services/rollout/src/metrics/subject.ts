/** Whose requests are asked about, and in whose metrics they are found. */
export type Subject =
  | { readonly metrics: "knative"; readonly revision: string }
  | { readonly metrics: "istio" | "contour" | "traefik"; readonly service: string; readonly port: number };
