/** An image service of an embedded Glance without users. */
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { GlanceClientWrapper, GlanceImageService } from "../../mod.ts";

/** A service of an empty embedded Glance; calls need no token. */
export function embeddedService(): GlanceImageService {
  const glance = createEmbeddedGlance();
  return new GlanceImageService(
    new GlanceClientWrapper({
      netloc: "glance.test",
      authStrategy: "noauth",
      fetch: (input, init) => glance.fetch(new Request(input, init)),
    }),
  );
}
