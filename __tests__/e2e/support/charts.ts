/** Releases of this project's own small charts. */
import { stringify } from "yaml";
import { type PlannedRelease, plannedReleases } from "./releases";
import { chartFolder, helm } from "./testbed";

/** The one release of this name. */
export function planned(name: string, build: Parameters<typeof plannedReleases>[0]): PlannedRelease {
  const release = plannedReleases(build)[name];
  if (release === undefined) throw new Error(`no release ${name}`);
  return release;
}

/** A release of one of this project's own charts, of the same name. */
export type Given = Pick<PlannedRelease, "name" | "namespace" | "values">;

/** Its manifests. */
export const render = ({ name, namespace, values }: Given) =>
  helm(["template", name, chartFolder(name), "--namespace", namespace, "--kube-version", "1.35.0", "-f", "-"], {
    input: stringify(values),
  });

/** Installs or upgrades it, and waits. */
export const install = ({ name, namespace, values }: Given, timeout: string) =>
  helm(
    [
      "upgrade",
      "--install",
      name,
      chartFolder(name),
      "--namespace",
      namespace,
      "--wait",
      "--timeout",
      timeout,
      "-f",
      "-",
    ],
    { input: stringify(values) },
  );
