import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "../../constructs/core/errors";
import type { Sources } from "./options";
import { replaceFile, type Site } from "./site";

/** What a checkout of Moodle holds beside its code, and the configuration of another site. */
const LEFT_OUT = new Set([".git", "node_modules", "config.php"]);

/**
 * Puts the image together in the site's folder: Moodle's code with plugins and the image's config.php in `code`, and the
 * image's own files in `image`. The sources are only read, and the code is copied where they differ from what was copied
 * last. Returns the components of the plugins.
 */
export function copySources(
  site: Site,
  { moodle, plugins }: Sources,
  image: string,
  say: (line: string) => void = () => {},
): string[] {
  const components = plugins === undefined ? [] : readdirSync(plugins).filter((name) => !name.startsWith("."));
  const code = site.path("code");
  const copied = site.path("code.copied");
  const current = [moodle, ...(plugins === undefined ? [] : [plugins])].map(listing).join("\n");
  if (!existsSync(code) || !existsSync(copied) || readFileSync(copied, "utf8") !== current) {
    say(`copying ${moodle}`);
    rmSync(copied, { force: true });
    copyCode(`${code}.new`, moodle, plugins, components);
    rmSync(code, { recursive: true, force: true });
    renameSync(`${code}.new`, code);
    replaceFile(copied, current);
  }
  copyFileSync(join(image, "config.php"), join(code, "config.php"));

  rmSync(site.path("image"), { recursive: true, force: true });
  copy([`${image}/.`], site.path("image"));
  return components;
}

function copyCode(to: string, moodle: string, plugins: string | undefined, components: readonly string[]): void {
  rmSync(to, { recursive: true, force: true });
  const entries = readdirSync(moodle).filter((name) => !LEFT_OUT.has(name));
  copy(
    entries.map((name) => join(moodle, name)),
    to,
  );
  for (const component of components) {
    const target = join(to, pluginPath(to, component));
    rmSync(target, { recursive: true, force: true });
    copy([`${plugins}/${component}/.`], target);
  }
}

/** A hash over path, size and time of change of every file in a folder. */
function listing(folder: string): string {
  const files = execFileSync("find", ["-L", folder, "-type", "f", "-printf", "%p %s %T@\n"], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return createHash("sha256").update(files).digest("hex");
}

/** Where Moodle wants a plugin, from its own list: `tool_objectfs` in `admin/tool/objectfs`. */
export function pluginPath(code: string, component: string): string {
  const root = existsSync(join(code, "public")) ? "public" : "";
  const { plugintypes } = JSON.parse(readFileSync(join(code, root, "lib/components.json"), "utf8"));
  const [, type, name] = /^([a-z]+)_([a-z][a-z0-9_]*)$/.exec(component) ?? [];
  if (type !== undefined && name !== undefined && Object.hasOwn(plugintypes, type)) {
    return join(root, plugintypes[type], name);
  }
  throw new ConfigurationError([
    {
      path: "MOODLE_PLUGINS",
      given: component,
      allowed: "folders named by a component of this Moodle: a type of plugin, _, and the plugin's name",
      remedy: "name the folder as the plugin's version.php has it in $plugin->component",
    },
  ]);
}

/** By cp, which shares the blocks of files where the file system can. */
function copy(from: readonly string[], to: string): void {
  mkdirSync(to, { recursive: true });
  execFileSync("cp", ["--recursive", "--dereference", "--reflink=auto", "--", ...from, to], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}
