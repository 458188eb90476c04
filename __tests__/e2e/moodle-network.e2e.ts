import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { everything, render, site } from "./support/moodle-site";
import { mayReach, podLabels, reachableBy } from "./support/network";
import { describeOnTestbed } from "./support/testbed";

const DNS = ["169.254.169.254/32 53", "169.254.20.10/32 53", "kube-system 53"];
const INTERNET = "0.0.0.0/0 but 169.254.0.0/16";
const DATA = ["10.20.96.0/24", "10.20.97.0/24"].flatMap((cidr) => [`${cidr} 5432`, `${cidr} 6379`]);
const IDENTITY = "169.254.170.23/32 80";
const MOODLE = ["web", "cron", "adhoc", "install", "metrics"];

describeOnTestbed("NetworkPolicies of charts/moodle", () => {
  let objects: Resource[];
  let pods: ReturnType<typeof podLabels>;
  beforeAll(async () => {
    objects = await render(site("sites", everything));
    pods = podLabels(objects);
  });

  test("know every pod of the release", () => {
    expect(Object.keys(pods).sort()).toEqual([...MOODLE, "antivirus", "test"].sort());
  });

  test.each(MOODLE)("let %s out to what the site stands on, and no further", (component) => {
    expect(mayReach(objects, pods[component] ?? {})).toEqual(
      [...DNS, ...DATA, IDENTITY, `${INTERNET} 443`, `${INTERNET} 587`, "moodle-antivirus 3310"].sort(),
    );
  });

  test("open neither the relay's port nor the scanner's where the site has none", async () => {
    const plain = await render(site("sites"));
    expect(mayReach(plain, podLabels(plain).web ?? {})).toEqual([...DNS, ...DATA, IDENTITY, `${INTERNET} 443`].sort());
  });

  test("let the scanner fetch signatures, and nothing else", () => {
    expect(mayReach(objects, pods.antivirus ?? {})).toEqual([...DNS, `${INTERNET} 443`].sort());
  });

  test("let the test ask the site alone", () => {
    expect(mayReach(objects, pods.test ?? {})).toEqual([...DNS, "moodle-web 8080"].sort());
  });

  test.each<[string, readonly string[]]>([
    [
      "web",
      ["10.20.0.0/24 8080", "10.20.1.0/24 8080", "moodle-test 8080"].concat(
        ["8081", "9113", "9180"].map((port) => `monitoring ${port}`),
      ),
    ],
    ["metrics", ["8081", "9113", "9180"].map((port) => `monitoring ${port}`)],
    ["antivirus", ["moodle-web,moodle-cron,moodle-adhoc 3310"]],
    ["cron", []],
    ["adhoc", []],
    ["install", []],
    ["test", []],
  ])("let nobody else reach %s", (component, sources) => {
    expect(reachableBy(objects, pods[component] ?? {})).toEqual([...sources].sort());
  });

  test("keep metrics closed where nothing watches", async () => {
    const plain = await render(site("sites"));
    expect(reachableBy(plain, podLabels(plain).web ?? {})).toEqual(
      ["10.20.0.0/24 8080", "10.20.1.0/24 8080", "moodle-test 8080"].sort(),
    );
  });

  test("let an ingress controller in by its namespace", async () => {
    const behind = await render(site("sites", { route: ports.ingress }));
    expect(reachableBy(behind, podLabels(behind).web ?? {})).toEqual(["moodle-test 8080", "traefik 8080"]);
  });

  test("hold for pods of this site alone, beside another one in the namespace", async () => {
    const second = await render(site("sites", { ...everything, releaseName: "second" }));
    expect(mayReach(second, pods.web ?? {})).toBeUndefined();
    expect(reachableBy(second, podLabels(second).antivirus ?? {})).toEqual([
      "second-web,second-cron,second-adhoc 3310",
    ]);
  });
});
