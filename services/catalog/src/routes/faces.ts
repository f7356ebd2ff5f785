import Joi from 'joi';

/** Pictures and texts by which people know an event or an artist. */
export const images = () =>
  Joi.array()
    .items(
      Joi.object({
        url: Joi.string()
          .pattern(/^https:\/\/[^\s"'<>\\]{3,1000}$/, 'https address')
          .required(),
        alt: Joi.string().allow('').max(300).required().description('What there is to be seen'),
        ratio: Joi.string()
          .pattern(/^\d{1,2}:\d{1,2}$/, 'width to height')
          .example('16:9')
          .required(),
      }),
    )
    .max(20);

export const translations = () =>
  Joi.object()
    .pattern(
      /^[a-z]{2,3}(-[A-Z]{2})?$/,
      Joi.object({
        name: Joi.string().min(1).max(200),
        description: Joi.string().allow('').max(5_000),
      }),
    )
    .max(20)
    .description('Texts by language; one is chosen by Accept-Language');
