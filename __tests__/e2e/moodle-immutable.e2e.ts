/**
 * What Kubernetes never lets change, and what data hangs on by its name: the committed list is in
 * `moodle-immutable.json`; `UPDATE_IMMUTABLE=1 npm run e2e -- moodle-immutable` rewrites it. An entry that changes is a
 * new major version of the package, with a way to get there in the changelog.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../support/template";
import { everything, render, site } from "./support/moodle-site";
import { describeOnTestbed } from "./support/testbed";

const file = join(__dirname, "moodle-immutable.json");

/** Fields that an update may not change, by kind. Source: the validation of each kind in kubernetes/kubernetes. */
const IMMUTABLE: Readonly<Record<string, (spec: Resource) => unknown>> = {
  Deployment: ({ selector }) => ({ selector }),
  StatefulSet: ({ selector, serviceName, volumeClaimTemplates }) => ({ selector, serviceName, volumeClaimTemplates }),
  PersistentVolumeClaim: ({ accessModes, storageClassName, volumeName }) => ({
    accessModes,
    storageClassName,
    volumeName,
  }),
  // Its selector may change, and then requests go nowhere until pods have the new labels.
  Service: ({ selector, clusterIP = "" }) => ({ selector, clusterIP }),
};

describeOnTestbed("charts/moodle", () => {
  test("changes nothing that an upgrade cannot bring", async () => {
    const objects = await render(site("sites", everything));
    const now = Object.fromEntries(
      objects
        .filter(({ kind }) => kind in IMMUTABLE)
        .map(({ kind, metadata, spec }) => [`${kind}/${metadata.name}`, IMMUTABLE[kind]?.(spec)]),
    );
    if (process.env.UPDATE_IMMUTABLE === "1") writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`);
    expect(now).toEqual(JSON.parse(readFileSync(file, "utf8")));
  });
});
