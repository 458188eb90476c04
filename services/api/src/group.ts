/** API group of the platform's resources. */
export const GROUP = "moodleplatform.io";

export const VERSION = "v1alpha1";

export const API_VERSION = `${GROUP}/${VERSION}`;

/** Annotation that pauses one resource, whatever it holds: as `spec.suspend`, without a change of the specification. */
export const PAUSE_ANNOTATION = `${GROUP}/pause`;

/** Finalizer by which a resource waits for what its deletion policy asks. */
export const FINALIZER = `${GROUP}/release`;
