// A picture's texels, their components put in order. EXTERNAL is defined for textures that only samplerExternalOES can read.
#ifdef EXTERNAL
#if __VERSION__ == 100
#extension GL_OES_EGL_image_external : require
#else
#extension GL_OES_EGL_image_external_essl3 : require
#endif
#define SAMPLER samplerExternalOES
#else
#define SAMPLER sampler2D
#endif

#ifdef GL_ES
precision highp float;
precision highp SAMPLER;
#endif

#if __VERSION__ == 100
#define in varying
#define texture texture2D
#define color gl_FragColor
#else
out vec4 color;
#endif

in vec2 texel;
uniform SAMPLER picture;
uniform mat4 order;  // ones and zeros: which component goes where
uniform vec4 bias;   // alpha 1 for formats that have none

void main()
{
    color = order * texture(picture, texel) + bias;
}
