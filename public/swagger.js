/**
 * Starts Swagger UI on this node's own document. Asks nobody else: the online validator is off.
 */

window.SwaggerUIBundle({
  url: "/swagger/json",
  dom_id: "#swagger-ui",
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
