/** Several sites in one cluster, one namespace, one bucket, one Redis and one Prometheus. */
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { everything, only, render, site } from "./support/moodle-site";
import { describeOnTestbed } from "./support/testbed";

const faculty = (releaseName: string, namespace = "sites") =>
  site(namespace, {
    ...everything,
    releaseName,
    domain: `${releaseName}.example.edu`,
    identity: { ...ports.identity(namespace), serviceAccountName: releaseName },
    objectStore: { ...ports.s3, keyPrefix: `${releaseName}/` },
    route: { ...ports.ingress, tlsSecretName: `${releaseName}-certificate` },
  });

const configuration = (objects: readonly Resource[], name: string) =>
  only(objects, "ConfigMap", `${name}-configuration`).data;

describeOnTestbed("two sites of charts/moodle in one namespace", () => {
  let arts: Resource[];
  let law: Resource[];
  beforeAll(async () => {
    [arts, law] = await Promise.all([render(faculty("arts")), render(faculty("law"))]);
  });

  test("have no object of the same name", () => {
    const names = (objects: Resource[]) => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names(arts).filter((name) => names(law).includes(name))).toEqual([]);
    expect(new Set(names(arts)).size).toBe(arts.length);
  });

  test("select no pod of each other", () => {
    const selectors = (objects: Resource[]) =>
      objects.flatMap(({ kind, spec }) => {
        if (kind === "Service") return [spec.selector];
        return [spec?.selector?.matchLabels, spec?.podSelector?.matchLabels].filter((one) => one !== undefined);
      });
    expect(selectors(arts).length).toBeGreaterThan(15);
    for (const [objects, name] of [
      [arts, "arts"],
      [law, "law"],
    ] as const) {
      for (const labels of selectors(objects)) expect(labels["app.kubernetes.io/instance"]).toBe(name);
    }
  });

  test("share Redis and bucket without a key of each other", () => {
    expect([configuration(arts, "arts"), configuration(law, "law")]).toMatchObject([
      { MOODLE_REDIS_PREFIX: "sites:arts:", MOODLE_OBJECT_STORE_KEY_PREFIX: "arts/" },
      { MOODLE_REDIS_PREFIX: "sites:law:", MOODLE_OBJECT_STORE_KEY_PREFIX: "law/" },
    ]);
  });

  test("have service accounts and certificates of their own", () => {
    expect(only(arts, "ServiceAccount", "arts").metadata.name).not.toBe(
      only(law, "ServiceAccount", "law").metadata.name,
    );
    expect(only(arts, "Ingress", "arts").spec.tls).toEqual([
      { hosts: ["arts.example.edu"], secretName: "arts-certificate" },
    ]);
    expect(only(law, "Ingress", "law").spec.tls).toEqual([
      { hosts: ["law.example.edu"], secretName: "law-certificate" },
    ]);
  });

  test("ask each their own scanner", () => {
    expect(configuration(arts, "arts").MOODLE_CLAMAV_HOST).toBe("arts-antivirus");
    expect(configuration(law, "law").MOODLE_CLAMAV_HOST).toBe("law-antivirus");
  });

  test("are watched apart: rules and dashboard of one never count the other", () => {
    for (const [objects, own, other] of [
      [arts, "arts", "law"],
      [law, "law", "arts"],
    ] as const) {
      const watched = [
        only(objects, "PrometheusRule", own).spec,
        only(objects, "ConfigMap", `${own}-dashboard`).data,
        only(objects, "ScaledObject", `${own}-web`).spec,
      ];
      expect(JSON.stringify(watched)).not.toMatch(new RegExp(`\\b${other}\\b|RELEASE|NAMESPACE`));
    }
    const files = [arts, law].map((objects, index) =>
      Object.keys(only(objects, "ConfigMap", `${["arts", "law"][index]}-dashboard`).data),
    );
    expect(files).toEqual([["sites-arts.json"], ["sites-law.json"]]);
    const uid = (objects: Resource[], name: string) =>
      JSON.parse(only(objects, "ConfigMap", `${name}-dashboard`).data[`sites-${name}.json`]).uid;
    expect(uid(arts, "arts")).not.toBe(uid(law, "law"));
  });

  test("of the same name in two namespaces share no key either", async () => {
    const elsewhere = await render(faculty("arts", "annex"));
    expect(configuration(elsewhere, "arts").MOODLE_REDIS_PREFIX).toBe("annex:arts:");
    expect(JSON.stringify(only(elsewhere, "PrometheusRule", "arts").spec)).not.toContain('namespace="sites"');
  });
});
