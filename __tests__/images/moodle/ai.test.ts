import { MoodleFolder } from "./support/moodle-folder";

let folder: MoodleFolder;
beforeEach(() => {
  folder = new MoodleFolder();
});
afterEach(() => folder.remove());

const assistant = {
  MOODLE_AI_ENDPOINT: "http://assistant-predictor.models.svc.cluster.local/openai/v1",
  MOODLE_AI_MODEL: "assistant",
};
const analytics = { MOODLE_ANALYTICS_HOST: "analytics.models.svc.cluster.local", MOODLE_ANALYTICS_PORT: "5000" };

type Plugins = Record<string, Record<string, unknown>>;
const plugins = (environment?: Record<string, string>) =>
  folder.settings(environment).forced_plugin_settings as Plugins;
const forced = (environment: Record<string, string>, plugin: string) => plugins(environment)[plugin] ?? {};

describe("the AI provider", () => {
  test("is left to administrators where no model is given", () => {
    const settings = folder.settings();
    for (const plugin of ["aiprovider_openai", "aiplacement_editor", "mlbackend_python", "analytics"]) {
      expect(plugins()).not.toHaveProperty(plugin);
    }
    expect(settings).not.toHaveProperty("curlsecurityblockedhosts");
    expect(settings).not.toHaveProperty("curlsecurityallowedport");
  });

  test("asks the model for both kinds of text, and for no image", () => {
    expect(forced(assistant, "aiprovider_openai")).toMatchObject({
      enabled: 1,
      generate_text: 1,
      summarise_text: 1,
      generate_image: 0,
      action_generate_text_endpoint: `${assistant.MOODLE_AI_ENDPOINT}/chat/completions`,
      action_generate_text_model: "assistant",
      action_summarise_text_endpoint: `${assistant.MOODLE_AI_ENDPOINT}/chat/completions`,
      action_summarise_text_model: "assistant",
    });
  });

  test("is in the editor and in courses", () => {
    for (const placement of ["aiplacement_editor", "aiplacement_courseassist"]) {
      expect(forced(assistant, placement)).toEqual({ enabled: 1 });
    }
  });

  test("counts as configured without a key, and sends the one that it is given", () => {
    expect(forced(assistant, "aiprovider_openai").apikey).toBe("none");
    folder.secret("ai/apiKey", "key");
    expect(forced(assistant, "aiprovider_openai").apikey).toBe("key");
  });

  test("limits requests where that is asked for", () => {
    expect(forced(assistant, "aiprovider_openai")).toMatchObject({ enableuserratelimit: 0, enableglobalratelimit: 0 });
    const limits = { MOODLE_AI_REQUESTS_PER_USER: "20", MOODLE_AI_REQUESTS: "500" };
    expect(forced({ ...assistant, ...limits }, "aiprovider_openai")).toMatchObject({
      enableuserratelimit: 1,
      userratelimit: 20,
      enableglobalratelimit: 1,
      globalratelimit: 500,
    });
  });

  test.each([
    ["http://model/openai/v1/", /MOODLE_AI_ENDPOINT is "http:\/\/model\/openai\/v1\/": set it to/],
    ["model:8080", /MOODLE_AI_ENDPOINT is "model:8080"/],
  ])("refuses the endpoint %s", (endpoint, message) => {
    expect(folder.refusal({ ...assistant, MOODLE_AI_ENDPOINT: endpoint })).toMatch(message);
  });

  test("needs the model's name", () => {
    expect(folder.refusal({ ...assistant, MOODLE_AI_MODEL: "" })).toContain("MOODLE_AI_MODEL is not set");
  });
});

describe("what Moodle may reach", () => {
  test("is Moodle's own list of hosts without the network of the model", () => {
    const settings = folder.settings({ ...assistant, MOODLE_BLOCKED_HOSTS: "127.0.0.0/8 localhost 10.0.0.0/8" });
    expect(settings.curlsecurityblockedhosts).toBe("127.0.0.0/8\nlocalhost\n10.0.0.0/8");
  });

  test("is the model's port beside those of the web, and that alone", () => {
    expect(folder.settings(assistant)).not.toHaveProperty("curlsecurityallowedport");
    const settings = folder.settings({ ...assistant, MOODLE_AI_ENDPOINT: "http://model.example.edu:8080/v1" });
    expect(settings.curlsecurityallowedport).toBe("443\n80\n8080");
  });
});

describe("the analytics server", () => {
  test("predicts for every model of the site, with a name and a password", () => {
    folder.secret("analytics/username", "default");
    folder.secret("analytics/password", "secret");
    expect(forced(analytics, "mlbackend_python")).toEqual({
      useserver: 1,
      host: "analytics.models.svc.cluster.local",
      port: 5000,
      secure: 0,
      username: "default",
      password: "secret",
    });
    expect(forced(analytics, "analytics")).toEqual({ predictionsprocessor: "\\mlbackend_python\\processor" });
    expect(forced({ ...analytics, MOODLE_ANALYTICS_TLS: "enable" }, "mlbackend_python").secure).toBe(1);
  });

  test("refuses to be without its password", () => {
    folder.secret("analytics/username", "default");
    expect(folder.refusal(analytics)).toContain("analytics/password cannot be read");
  });
});
