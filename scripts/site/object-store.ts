import { mkdirSync } from "node:fs";
import type { Service } from "./processes";
import { program } from "./programs";
import type { Site } from "./site";

/** Name of the bucket. */
export const BUCKET = "moodle";

/** An S3 server of the site's own, on 127.0.0.1: https://github.com/versity/versitygw. A bucket is a folder there. */
export function objectStore(site: Site): Service {
  const port = site.ports.objectStore;
  mkdirSync(site.path("objects", BUCKET), { recursive: true });
  return {
    name: "object-store",
    command: program("versitygw"),
    args: ["--port", `127.0.0.1:${port}`, "--health", "/health", "posix", site.path("objects")],
    environment: {
      ROOT_ACCESS_KEY_ID: site.secret("object-store/accessKeyId"),
      ROOT_SECRET_ACCESS_KEY: site.secret("object-store/secretAccessKey"),
    },
    stopSignal: "SIGTERM",
    probe: async () => {
      const { status } = await fetch(`http://127.0.0.1:${port}/health`);
      if (status !== 200) throw new Error(`it answers ${status}`);
    },
  };
}
