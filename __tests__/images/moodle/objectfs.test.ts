import { MoodleFolder } from "./support/moodle-folder";

let folder: MoodleFolder;
beforeEach(() => {
  folder = new MoodleFolder();
});
afterEach(() => folder.remove());

const s3 = {
  MOODLE_OBJECT_STORE: "s3",
  MOODLE_OBJECT_STORE_BUCKET: "moodle-files",
  MOODLE_OBJECT_STORE_REGION: "eu-central-1",
};
const gcs = {
  ...s3,
  MOODLE_OBJECT_STORE: "gcs",
  MOODLE_OBJECT_STORE_REGION: "europe-west3",
  MOODLE_OBJECT_STORE_ENDPOINT: "https://storage.googleapis.com",
};

function forced(environment: Record<string, string>): Record<string, unknown> {
  const settings = folder.settings(environment) as unknown as {
    forced_plugin_settings: { tool_objectfs: Record<string, unknown> };
  };
  return settings.forced_plugin_settings.tool_objectfs;
}

test("without an object store files stay on the shared folder, and nginx sends them", () => {
  const settings = folder.settings();
  expect(settings).not.toHaveProperty("alternative_file_system_class");
  expect(settings.forced_plugin_settings).toEqual([]);
  expect(settings).toMatchObject({
    xsendfile: "X-Accel-Redirect",
    xsendfilealiases: { "/dataroot/": folder.environment.MOODLE_DATA_DIR },
  });
});

test("S3 is used with the pod's identity", () => {
  expect(folder.settings(s3).alternative_file_system_class).toBe("\\platform\\ObjectFileSystem");
  expect(forced(s3)).toMatchObject({
    filesystem: "\\tool_objectfs\\s3_file_system",
    s3_bucket: "moodle-files",
    s3_region: "eu-central-1",
    s3_base_url: "",
    s3_usesdkcreds: 1,
    s3_key: "",
    s3_secret: "",
    key_prefix: "",
  });
});

test("Google's store is used by its S3 interface with keys", () => {
  folder.secret("object-store/accessKeyId", "GOOGEXAMPLE");
  folder.secret("object-store/secretAccessKey", "hmac'\"$\n");
  expect(forced(gcs)).toMatchObject({
    s3_base_url: "https://storage.googleapis.com",
    s3_usesdkcreds: 0,
    s3_key: "GOOGEXAMPLE",
    s3_secret: "hmac'\"$",
  });
  expect(folder.refusal({ ...gcs, MOODLE_OBJECT_STORE_ENDPOINT: "" })).toContain(
    "MOODLE_OBJECT_STORE_ENDPOINT is not set",
  );
});

test("every file goes to the store, of any size and age, and leaves the shared folder", () => {
  expect(forced(s3)).toMatchObject({
    enabletasks: 1,
    sizethreshold: 0,
    minimumage: 0,
    deletelocal: 1,
    consistencydelay: 600,
    preferexternal: 0,
  });
});

test("nothing is deleted in the bucket", () => {
  expect(forced(s3)).toMatchObject({ deleteexternal: 0, maxorphanedage: 0 });
});

test("browsers fetch large media and documents from the store, but no page", () => {
  const settings = forced(s3);
  expect(settings).toMatchObject({ enablepresignedurls: 1, signingmethod: "s3", presignedminfilesize: 1024 ** 2 });
  const kinds = String(settings.signingwhitelist).split(",");
  expect(kinds).toContain("video");
  for (const kind of ["*", "web_file", "image", "html"]) expect(kinds).not.toContain(kind);
});

test("a store that browsers cannot reach sends nothing to them", () => {
  expect(forced({ ...s3, MOODLE_OBJECT_STORE_REDIRECT: "disable" }).enablepresignedurls).toBe(0);
});

test("sites may share a bucket", () => {
  expect(forced({ ...s3, MOODLE_OBJECT_STORE_KEY_PREFIX: "site/" }).key_prefix).toBe("site/");
});

test("refuses a store of another kind", () => {
  expect(folder.refusal({ ...s3, MOODLE_OBJECT_STORE: "azure" })).toBe(
    'moodle: MOODLE_OBJECT_STORE is "azure": set it to one of s3, gcs',
  );
});
